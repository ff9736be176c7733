/* A plugin of qemu's user mode (plugin interface 1): counts instructions, and writes the count to a file at each mark.
 * A mark is the system call getpriority with the first argument 0x4c45, which asks for nothing; its second argument is the mark's number.
 * qemu's header is not in its package, so what is used of it is declared here. Threads count together, without a lock: this is for
 * programs with one thread. */
#include <stdint.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
typedef uint64_t plugin_id;
typedef void (*on_block)(plugin_id, void *block);
typedef void (*on_run)(unsigned int cpu, void *count);
typedef void (*on_call)(plugin_id, unsigned int cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, on_block);
void qemu_plugin_register_vcpu_tb_exec_cb(void *block, on_run, int flags, void *count);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, on_call);
size_t qemu_plugin_tb_n_insns(const void *block);

enum { MARK = 0x4c45 };
EXPORT int qemu_plugin_version = 1;
static uint64_t instructions;
static FILE *out;

static void run(unsigned int cpu, void *count) { (void)cpu, instructions += (uintptr_t)count; }

static void translated(plugin_id id, void *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, run, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void called(plugin_id id, unsigned int cpu, int64_t number, uint64_t first, uint64_t second, uint64_t c, uint64_t d, uint64_t e,
                   uint64_t f, uint64_t g, uint64_t h) {
    (void)id, (void)cpu, (void)number, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    if (first == MARK && out) fprintf(out, "%u %llu\n", (unsigned)second, (unsigned long long)instructions), fflush(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int count, char **arguments) {
    (void)info;
    if (count == 1 && !strncmp(arguments[0], "out=", 4)) out = fopen(arguments[0] + 4, "a");
    if (!out) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    return 0;
}

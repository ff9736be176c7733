/* The inner loops of the sum tree: a bucket's leaf records out of a chunk, their root, and dirty buckets up to the top.
 * The rules are those of leither_edge/core/sum_tree.py; tree_hash.py has the same in Python, for where no compiler is. */
#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { LEAF = 36, BRANCH = 55, HASH = 20, VALUE = 28, ID = 20, DEPTHS = 160, OTHERS_GO_ON = 4096 };
#define SUM_MASK ((((uint64_t)1) << 56) - 1)

/* SHA-256 (FIPS 180-4) of a message of at most 55 bytes: one block. */

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotated(uint32_t word, int by) { return word >> by | word << (32 - by); }

static inline uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void put32(uint8_t *at, uint32_t word) {
    at[0] = (uint8_t)(word >> 24), at[1] = (uint8_t)(word >> 16), at[2] = (uint8_t)(word >> 8), at[3] = (uint8_t)word;
}

static inline uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }

static inline void put64(uint8_t *at, uint64_t number) { put32(at, (uint32_t)(number >> 32)), put32(at + 4, (uint32_t)number); }

/* Sixteen rounds at a time, the eight words changing names instead of places. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                                        \
    h += (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g))) + round_constants[from + (i)] + words[i];      \
    d += h;                                                                                                                    \
    h += (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) | (c & (a | b)))

#define EIGHT_ROUNDS(i)                                                                            \
    ROUND(a, b, c, d, e, f, g, h, i), ROUND(h, a, b, c, d, e, f, g, i + 1);                        \
    ROUND(g, h, a, b, c, d, e, f, i + 2), ROUND(f, g, h, a, b, c, d, e, i + 3);                    \
    ROUND(e, f, g, h, a, b, c, d, i + 4), ROUND(d, e, f, g, h, a, b, c, i + 5);                    \
    ROUND(c, d, e, f, g, h, a, b, i + 6), ROUND(b, c, d, e, f, g, h, a, i + 7)

#define NEXT_WORD(i)                                                                                                            \
    words[i] += words[(i + 9) & 15] + (rotated(words[(i + 1) & 15], 7) ^ rotated(words[(i + 1) & 15], 18) ^ words[(i + 1) & 15] >> 3) + \
                (rotated(words[(i + 14) & 15], 17) ^ rotated(words[(i + 14) & 15], 19) ^ words[(i + 14) & 15] >> 10)

static void short_hash(const uint8_t *message, unsigned size, uint8_t *out) {
    uint32_t a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a, e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;
    uint32_t words[16];
    uint8_t block[64];
    memcpy(block, message, size);
    memset(block + size, 0, sizeof block - size);
    block[size] = 0x80;
    put32(block + 60, size * 8);
    for (int i = 0; i < 16; i++) words[i] = get32(block + 4 * i);
    for (int from = 0;; from += 16) {
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
        if (from == 48) break;
        NEXT_WORD(0), NEXT_WORD(1), NEXT_WORD(2), NEXT_WORD(3), NEXT_WORD(4), NEXT_WORD(5), NEXT_WORD(6), NEXT_WORD(7);
        NEXT_WORD(8), NEXT_WORD(9), NEXT_WORD(10), NEXT_WORD(11), NEXT_WORD(12), NEXT_WORD(13), NEXT_WORD(14), NEXT_WORD(15);
    }
    put32(out, a + 0x6a09e667), put32(out + 4, b + 0xbb67ae85), put32(out + 8, c + 0x3c6ef372);
    put32(out + 12, d + 0xa54ff53a), put32(out + 16, e + 0x510e527f);
}

/* A value is what a branch holds of a side: sum u64 (its highest byte is the depth in a right side) and hash. */

static int branch_of(const uint8_t *left, const uint8_t *right, int depth, uint8_t *out) {
    uint8_t pair[2 * VALUE];
    uint64_t sum = (get64(left) & SUM_MASK) + (get64(right) & SUM_MASK);
    if (sum > SUM_MASK) return -1;
    memcpy(pair, left, VALUE);
    memcpy(pair + VALUE, right, VALUE);
    pair[VALUE] = (uint8_t)depth;
    put64(out, sum);
    short_hash(pair + 1, BRANCH, out + 8);
    return 0;
}

static int parting_bit(const uint8_t *low, const uint8_t *high) {
    for (int i = 0; i < ID; i++) {
        unsigned differing = low[i] ^ high[i];
        if (differing) {
            int bit = 0;
            while (!(differing & 0x80)) differing <<= 1, bit++;
            return low[i] < high[i] ? 8 * i + bit : -1;
        }
    }
    return -1;
}

static PyObject *run_root(PyObject *self, PyObject *argument) {
    Py_buffer records;
    uint8_t values[DEPTHS + 1][VALUE], current[VALUE] = {0};
    int partings[DEPTHS + 1], waiting = 0;
    const char *wrong = NULL;
    if (PyObject_GetBuffer(argument, &records, PyBUF_SIMPLE)) return NULL;
    const uint8_t *data = records.buf;
    if (records.len % LEAF) wrong = "leaf";
    for (Py_ssize_t at = 0; at < records.len && !wrong; at += LEAF) {
        if (at) {
            int parting = parting_bit(data + at - LEAF + 16, data + at + 16);
            if (parting < 0) {
                wrong = "account";
                break;
            }
            while (waiting && partings[waiting - 1] > parting) {
                waiting--;
                if (branch_of(values[waiting], current, partings[waiting], current)) wrong = "sum";
            }
            if (wrong) break;
            memcpy(values[waiting], current, VALUE);
            partings[waiting++] = parting;
        }
        uint64_t amount = get64(data + at + 8);
        if (!amount || amount > SUM_MASK) wrong = "amount";
        put64(current, amount & SUM_MASK);
        short_hash(data + at, LEAF, current + 8);
    }
    while (waiting && !wrong) {
        waiting--;
        if (branch_of(values[waiting], current, partings[waiting], current)) wrong = "sum";
    }
    PyBuffer_Release(&records);
    if (wrong) {
        PyErr_SetString(PyExc_ValueError, wrong);
        return NULL;
    }
    return PyBytes_FromStringAndSize((const char *)current, VALUE);
}

static PyObject *climb(PyObject *self, PyObject *arguments) {
    PyObject *heap_object, *numbers_object;
    Py_buffer heap, numbers;
    int levels;
    Py_ssize_t hashes = 0;
    const char *wrong = NULL;
    if (!PyArg_ParseTuple(arguments, "OiO", &heap_object, &levels, &numbers_object)) return NULL;
    if (PyObject_GetBuffer(heap_object, &heap, PyBUF_WRITABLE)) return NULL;
    if (PyObject_GetBuffer(numbers_object, &numbers, PyBUF_SIMPLE)) {
        PyBuffer_Release(&heap);
        return NULL;
    }
    Py_ssize_t count = numbers.len / 4;
    uint32_t *nodes = PyMem_Malloc(numbers.len + 4);
    uint8_t *values = heap.buf;
    if (!nodes) wrong = "memory";
    else if (levels < 0 || levels > 28 || heap.len != ((Py_ssize_t)VALUE << (levels + 1)) || numbers.len % 4) wrong = "heap";
    else {
        memcpy(nodes, numbers.buf, numbers.len);
        for (Py_ssize_t i = 0; i < count; i++) {
            if (nodes[i] >> levels || (i && nodes[i] <= nodes[i - 1])) wrong = "bucket";
        }
        for (Py_ssize_t i = 0; i < count; i++) nodes[i] |= (uint32_t)1 << levels;
    }
    /* A whole tree takes long: other threads go on, and the buffers are held meanwhile. */
    PyThreadState *others = count > OTHERS_GO_ON ? PyEval_SaveThread() : NULL;
    for (int depth = levels - 1; depth >= 0 && !wrong; depth--) {
        Py_ssize_t kept = 0;
        for (Py_ssize_t i = 0; i < count && !wrong; i++) {
            uint32_t node = nodes[i] >> 1;
            if (kept && nodes[kept - 1] == node) continue;
            nodes[kept++] = node;
            uint8_t *left = values + 2 * (size_t)VALUE * node, *right = left + VALUE, *out = values + (size_t)VALUE * node;
            int left_holds = (get64(left) & SUM_MASK) != 0, right_holds = (get64(right) & SUM_MASK) != 0;
            if (left_holds && right_holds) {
                hashes++;
                if (branch_of(left, right, depth, out)) wrong = "sum";
            } else {
                /* A node with one side does not exist: the side passes up as it is. */
                memmove(out, right_holds ? right : left, VALUE);
            }
            out[0] = node & 1 && depth ? (uint8_t)(depth - 1) : 0;
        }
        count = kept;
    }
    if (others) PyEval_RestoreThread(others);
    PyMem_Free(nodes);
    PyBuffer_Release(&numbers);
    PyBuffer_Release(&heap);
    if (wrong) {
        PyErr_SetString(PyExc_ValueError, wrong);
        return NULL;
    }
    return PyLong_FromSsize_t(hashes);
}

/* A bucket's rows of a chunk (chunk.py says what lies where), as leaf records. */
static PyObject *bucket_run(PyObject *self, PyObject *arguments) {
    PyObject *chunk_object, *run = NULL;
    Py_buffer chunk;
    int levels;
    unsigned long bucket;
    if (!PyArg_ParseTuple(arguments, "Oik", &chunk_object, &levels, &bucket)) return NULL;
    if (PyObject_GetBuffer(chunk_object, &chunk, PyBUF_SIMPLE)) return NULL;
    const uint8_t *data = chunk.buf;
    size_t size = (size_t)chunk.len;
    if (size >= 8 && data[0] <= 3 && data[1] == levels && levels <= 28) {
        size_t count = (size_t)data[2] << 8 | data[3], strip = (size_t)levels / 8, width = 29 - strip, before = 0, here = 0, wide_gaps = 0, all = 0;
        size_t heads = 8 + 22 * count;
        uint64_t number = get32(data + 4), at_bucket = 0;
        int sound = count && heads <= size;
        for (size_t i = 0; sound && i < count; i++) {
            uint64_t gap = data[8 + count + i];
            if (gap == 255) {
                if (heads + 4 * (wide_gaps + 1) > size) sound = 0;
                else gap = get32(data + heads + 4 * wide_gaps++);
            }
            if (i || gap) number += gap + (i ? 1 : 0);
            if (!data[8 + i]) sound = 0;
            if (number < bucket) before += data[8 + i];
            if (number == bucket) here = data[8 + i], at_bucket = number;
            all += data[8 + i];
        }
        heads += 4 * wide_gaps;
        /* Chunks with wide amounts are left to Python, and so are those that lack them. */
        sound = sound && !(number >> levels) && heads + width * all == size;
        for (size_t at = heads + width - 5; sound && at < size; at += width) {
            if (data[at] == 0xff && get32(data + at + 1) == 0xffffffff) sound = 0;
        }
        if (sound) {
            PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(LEAF * here));
            if (bytes) {
                uint8_t *out = (uint8_t *)PyBytes_AsString(bytes), prefix[4];
                put32(prefix, (uint32_t)(strip ? (at_bucket >> (levels - 8 * strip)) << (32 - 8 * strip) : 0));
                const uint8_t *row = data + heads + width * before;
                for (size_t i = 0; i < here; i++, row += width, out += LEAF) {
                    memset(out, 0, 16);
                    memcpy(out + 4, row + width - 9, 4);
                    memcpy(out + 11, row + width - 5, 5);
                    memcpy(out + 16, prefix, strip);
                    memcpy(out + 16 + strip, row, 20 - strip);
                }
                run = Py_BuildValue("Nk", bytes, (unsigned long)number);
            }
            PyBuffer_Release(&chunk);
            return run;
        }
    }
    PyBuffer_Release(&chunk);
    Py_RETURN_NONE;
}

static int held(const uint8_t *leaf) { return (get64(leaf + 8) & SUM_MASK) != 0; }

/* Two runs of leaf records as one; of an account in both the second one's record stands. */
static PyObject *merged(PyObject *self, PyObject *arguments) {
    PyObject *old_object, *new_object, *result = NULL;
    Py_buffer old, new;
    int graves;
    if (!PyArg_ParseTuple(arguments, "OOp", &old_object, &new_object, &graves)) return NULL;
    if (PyObject_GetBuffer(old_object, &old, PyBUF_SIMPLE)) return NULL;
    if (PyObject_GetBuffer(new_object, &new, PyBUF_SIMPLE)) {
        PyBuffer_Release(&old);
        return NULL;
    }
    if (old.len % LEAF || new.len % LEAF) PyErr_SetString(PyExc_ValueError, "leaf");
    else {
        uint8_t *out = PyMem_Malloc(old.len + new.len + 1), *end = out;
        const uint8_t *a = old.buf, *b = new.buf, *a_end = a + old.len, *b_end = b + new.len;
        if (!out) PyErr_NoMemory();
        else {
            while (a < a_end || b < b_end) {
                int order = a == a_end ? 1 : b == b_end ? -1 : memcmp(a + 16, b + 16, ID);
                const uint8_t *next = order < 0 ? a : b;
                if (graves || held(next)) memcpy(end, next, LEAF), end += LEAF;
                if (order <= 0) a += LEAF;
                if (order >= 0) b += LEAF;
            }
            result = PyBytes_FromStringAndSize((const char *)out, end - out);
            PyMem_Free(out);
        }
    }
    PyBuffer_Release(&new);
    PyBuffer_Release(&old);
    return result;
}

/* A run with changed records in the place of theirs, and what theirs said: pulse and amount, 16 bytes each, zeros for none. */
static PyObject *applied(PyObject *self, PyObject *arguments) {
    PyObject *run_object, *changed_object, *result = NULL;
    Py_buffer run, changed;
    if (!PyArg_ParseTuple(arguments, "OO", &run_object, &changed_object)) return NULL;
    if (PyObject_GetBuffer(run_object, &run, PyBUF_SIMPLE)) return NULL;
    if (PyObject_GetBuffer(changed_object, &changed, PyBUF_SIMPLE)) {
        PyBuffer_Release(&run);
        return NULL;
    }
    if (run.len % LEAF || changed.len % LEAF) PyErr_SetString(PyExc_ValueError, "leaf");
    else {
        uint8_t *out = PyMem_Malloc(run.len + changed.len + 1), *end = out, *before = PyMem_Malloc(16 * (changed.len / LEAF) + 1), *then = before;
        const uint8_t *a = run.buf, *b = changed.buf, *a_end = a + run.len, *b_end = b + changed.len;
        if (!out || !before) PyErr_NoMemory();
        else {
            while (a < a_end || b < b_end) {
                int order = a == a_end ? 1 : b == b_end ? -1 : memcmp(a + 16, b + 16, ID);
                const uint8_t *next = order < 0 ? a : b;
                if (held(next)) memcpy(end, next, LEAF), end += LEAF;
                if (order == 0) memcpy(then, a, 16), then += 16;
                if (order > 0) memset(then, 0, 16), then += 16;
                if (order <= 0) a += LEAF;
                if (order >= 0) b += LEAF;
            }
            result = Py_BuildValue("y#y#", out, (Py_ssize_t)(end - out), before, (Py_ssize_t)(then - before));
        }
        PyMem_Free(out);
        PyMem_Free(before);
    }
    PyBuffer_Release(&changed);
    PyBuffer_Release(&run);
    return result;
}

static PyMethodDef methods[] = {
    {"run_root", run_root, METH_O, NULL},
    {"climb", climb, METH_VARARGS, NULL},
    {"bucket_run", bucket_run, METH_VARARGS, NULL},
    {"merged", merged, METH_VARARGS, NULL},
    {"applied", applied, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_tree_hash", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__tree_hash(void) { return PyModule_Create(&module); }

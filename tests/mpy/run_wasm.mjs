// Runs a compiled program in MicroPython's WebAssembly port: node run_wasm.mjs MICROPYTHON.MJS FOLDER PROGRAM ARGUMENT...
// The files below FOLDER are copied into the port's own file system; the last line that the program prints says how it went.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [module, folder, program, ...args] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(resolve(module)));
const mp = await loadMicroPython({ heapsize: 8 * 1024 * 1024, linebuffer: true, stdout: (line) => console.log(line) });

function copy(from, to) {
  for (const name of readdirSync(from)) {
    const source = join(from, name), target = `${to}/${name}`;
    if (statSync(source).isDirectory()) {
      mp.FS.mkdir(target);
      copy(source, target);
    } else mp.FS.writeFile(target, readFileSync(source));
  }
}

mp.FS.mkdir("/work");
copy(folder, "/work");
mp.runPython(`import sys, os\nsys.path.insert(0, "/work")\nos.chdir("/work")\nimport ${program}\n${program}.main(${JSON.stringify(args)})`);

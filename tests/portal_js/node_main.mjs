// Usage: node node_main.mjs FOLDER: runs the checks on FOLDER/vectors.json and FOLDER/words-en.txt; the report as JSON.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { webcrypto } from "node:crypto";

import { run } from "./checks.js";

globalThis.crypto ??= webcrypto;
const read = (name) => readFileSync(join(process.argv[2], name), "utf8");
console.log(JSON.stringify(run(JSON.parse(read("vectors.json")), read("words-en.txt").split(/\s+/).filter(Boolean))));

// Runs every check and posts the report.

import { run } from "./checks.js";
import { runWithDevice } from "./device_checks.js";
import { loadWords } from "./static/words.js";

async function main() {
  const vectors = await (await fetch("/vectors.json")).json();
  const list = await loadWords("/words-en.txt");
  const report = run(vectors, list);
  try {
    await runWithDevice(report, list);
  } catch (error) {
    report.failed.push(`with the device: ${error.stack}`);
  }
  return report;
}

main()
  .catch((error) => ({ failed: [String(error.stack)] }))
  .then((report) => fetch("/report", { method: "POST", body: JSON.stringify(report) }));

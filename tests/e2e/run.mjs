// Starts one demo zone and runs every *.test.mjs against it. `DB=postgres` takes PostgreSQL.
//   node run.mjs [part of a file name …] [-part of the name of a file to leave out …]
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, serve } from "./house.mjs";

if (process.env.DB === "postgres" && !process.env.BUTING_TEST_POSTGRES) {
  const again = spawnSync(join(ROOT, "scripts", "with-postgres.sh"), [process.execPath, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

const here = dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const wanted = words.filter((word) => !word.startsWith("-"));
const unwanted = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
const files = readdirSync(here)
  .filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.some((w) => name.includes(w))) && !unwanted.some((w) => name.includes(w)))
  .sort()
  .map((name) => join(here, name));

const house = await serve();
console.log(`${process.env.DB ?? "sqlite"}: ${house.base}`);
// A browser that never answers must fail its test, then its file, and at worst the run; nobody waits for it for ever.
const tests = spawn(process.execPath, ["--test", "--test-concurrency=1", `--test-timeout=${30 * 60_000}`, "--test-reporter=spec", ...files], {
  stdio: "inherit",
  env: { ...process.env, BASE: house.base },
  detached: true,
});
/** Ends the tests with everything that they started. */
const endTests = () => { try { process.kill(-tests.pid, "SIGKILL"); } catch { /* they have ended */ } };
const patience = setTimeout(() => { console.error("the tests did not come to an end"); endTests(); }, 40 * 60_000);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, endTests);
const failed = await new Promise((resolve) => tests.once("exit", (code) => resolve(code ?? 1)));
clearTimeout(patience);
endTests();
const ended = await house.stop();
if (failed) console.log(house.log().split("\n").filter((line) => /WARN|ERROR/.test(line)).slice(-40).join("\n"));
if (ended !== 0) console.error(`the program ended with ${ended}`);
process.exit(failed || ended ? 1 : 0);

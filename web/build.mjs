// Builds dist/: what the binary embeds. No file name carries a digest; the server puts it into the URL.
import { build } from "esbuild";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";

// The browsers of offices lag behind; 90 is what the older domestic ones are made of.
const target = ["chrome90", "firefox91", "safari15"];
/** Largest sizes in bytes, uncompressed: a first page must stay under 60 KB in all. */
const LIMITS = { "app.css": 25_600, "app.js": 12_288, "offline.js": 20_480, "sw.js": 8_192 };

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
await build({
  entryPoints: { app: "src/app.ts", offline: "src/offline/page.ts", sw: "src/offline/worker.ts" },
  bundle: true,
  format: "iife",
  minify: true,
  outdir: "dist",
  target,
});
await build({
  entryPoints: { app: "src/app.css" },
  bundle: true,
  minify: true,
  outdir: "dist",
  target,
});
cpSync("static", "dist", { recursive: true });
cpSync("node_modules/htmx.org/dist/htmx.min.js", "dist/htmx.min.js");

for (const name of readdirSync("dist").sort()) {
  const { size } = statSync(`dist/${name}`);
  console.log(`${String(size).padStart(7)}  ${name}`);
  if (size > (LIMITS[name] ?? Infinity)) {
    console.error(`${name} is larger than the ${LIMITS[name]} bytes it may have`);
    process.exitCode = 1;
  }
}

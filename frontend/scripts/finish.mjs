// After `next build`: moves inline scripts of the pages into files, so that the gateway's Content-Security-Policy needs no
// exception (classic scripts run in order, as before); compresses; and writes the manifest that the gateway serves by.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const out = fileURLToPath(new URL("../out/", import.meta.url));
const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 16);
const files = () => readdirSync(out, { recursive: true }).filter((name) => statSync(join(out, name)).isFile());

const folder = join(out, "_next", "static", "inline");
mkdirSync(folder, { recursive: true });
for (const name of files()) {
  if (!name.endsWith(".html")) continue;
  const page = join(out, name);
  const html = readFileSync(page, "utf8");
  const moved = html.replace(/<script(?![^>]*\ssrc=)([^>]*)>([\s\S]*?)<\/script>/g, (_, attributes, code) => {
    const file = `${hash(code)}.js`;
    writeFileSync(join(folder, file), code);
    return `<script${attributes} src="/_next/static/inline/${file}"></script>`;
  });
  if (/<script(?![^>]*\ssrc=)|<style|javascript:|\son[a-z]+=/.test(moved))
    throw new Error(`${name}: inline code is left`);
  writeFileSync(page, moved);
}

const TEXT = /\.(html|txt|js|css|svg|json)$/;
const manifest = {};
for (const name of files()) {
  const content = readFileSync(join(out, name));
  const zipped = TEXT.test(name) ? gzipSync(content, { level: constants.Z_BEST_COMPRESSION }) : null;
  const smaller = zipped !== null && zipped.length < content.length;
  if (smaller) writeFileSync(join(out, `${name}.gz`), zipped);
  manifest[name.split(sep).join("/")] = { hash: hash(content), gzip: smaller };
}
rmSync(join(out, "manifest.json"), { force: true });
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest));

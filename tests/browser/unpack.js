// Unpacks the packaged browser, its libraries and its fonts below node_modules/unpacked, where tests/support/browsers.py finds them.
// The package unpacks into the folder for temporary files, and the libraries only where it takes itself to be in a Lambda.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.env.TMPDIR = fileURLToPath(new URL("node_modules/unpacked", import.meta.url));
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs24.x";
mkdirSync(process.env.TMPDIR, { recursive: true });
const { default: chromium } = await import("@sparticuz/chromium");
await chromium.executablePath();

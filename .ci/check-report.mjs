// Looks at report.html as browsers show it: headless Chromium, phone and desktop width, and on paper.
//
// Usage: node .ci/check-report.mjs REPORT.html...
// Needs chromium (or CHROME=/path/to/it) and the npm packages puppeteer-core and axe-core, found from the folder
// KMETA_NODE_MODULES names; .ci/check-report sets all that up. Fails on a message in the console, a request to anywhere, a
// page wider than its window, a link to nowhere, a figure that does not open and close, and any axe finding.

import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.resolve(process.env.KMETA_NODE_MODULES ?? "node_modules", "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.KMETA_REPORT_PICTURES; // a folder for screenshots

const browser = await puppeteer.launch({
  executablePath: process.env.CHROME ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  protocolTimeout: 600000,
});
const faults = [];

for (const file of process.argv.slice(2)) {
  const url = pathToFileURL(path.resolve(file)).href;
  const fault = (text) => faults.push(`${file}: ${text}`);
  const size = readFileSync(file).length;
  if (size > 3e6) fault(`${size} bytes, above 3 MB`);
  for (const width of [390, 1280]) {
    const page = await browser.newPage();
    page.setDefaultTimeout(300000);
    page.on("console", (message) => fault(`console at ${width} px: ${message.text()}`));
    page.on("pageerror", (error) => fault(`error at ${width} px: ${error}`));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && request.url().split("#")[0] !== url) fault(`asks for ${request.url()}`);
    });
    await page.setViewport({ width, height: 900, isMobile: width < 500, deviceScaleFactor: 1 });
    await page.goto(url, { waitUntil: "load" });
    const found = await page.evaluate(() => {
      const across = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const wide = [];
      for (const element of document.querySelectorAll("body *")) {
        const box = element.getBoundingClientRect();
        if (box.right > document.documentElement.clientWidth + 1 && !element.closest(".scroll, .skip, figure svg")) {
          wide.push(`${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} to ${Math.round(box.right)} px`);
        }
      }
      const links = [...document.querySelectorAll('a[href^="#"]')].map((link) => link.getAttribute("href").slice(1));
      const nowhere = links.filter((target) => !document.getElementById(target));
      const fonts = parseFloat(getComputedStyle(document.body).fontSize);
      return { across, wide: wide.slice(0, 5), nowhere, fonts, figures: document.querySelectorAll("figure").length };
    });
    if (found.across > 0) fault(`${found.across} px too wide at ${width} px: ${found.wide.join("; ")}`);
    if (found.wide.length > 0 && found.across <= 0) fault(`sticks out at ${width} px: ${found.wide.join("; ")}`);
    if (found.nowhere.length > 0) fault(`links to nowhere: ${found.nowhere.slice(0, 5).join(", ")}`);
    if (pictures) await page.screenshot({ path: `${pictures}/report-${width}.png`, fullPage: false });
    if (found.figures > 0 && !(await page.$("#zoom-1"))) {
      fault("figures cannot be enlarged");
    } else if (found.figures > 0) {
      await page.evaluate(() => { location.hash = "zoom-1"; });
      const open = await page.evaluate(() => {
        const figure = document.getElementById("zoom-1");
        const box = figure.getBoundingClientRect();
        return getComputedStyle(figure).position === "fixed" && box.width >= innerWidth - 20 && figure.querySelector(".shrink").offsetParent !== null;
      });
      if (!open) fault(`figure 1 does not fill the window at ${width} px`);
      if (pictures) await page.screenshot({ path: `${pictures}/report-${width}-figure.png` });
      await page.evaluate(() => document.querySelector("#zoom-1 .shrink").click());
      const closed = await page.evaluate(() => getComputedStyle(document.getElementById("zoom-1")).position === "static");
      if (!closed) fault(`figure 1 does not close at ${width} px`);
    }
    // A link into folded tables must open them.
    const curve = await page.$('a[href^="#curve-"]');
    if (curve) {
      await page.evaluate(() => { location.hash = document.querySelector('a[href^="#curve-"]').getAttribute("href"); });
      const shown = await page.evaluate(() => document.querySelector(":target").closest("details").open);
      if (!shown) fault(`a link to the corners of a curve does not unfold them at ${width} px`);
    }
    // The page forbids scripts; axe is let in for the check only.
    const bare = await browser.newPage();
    bare.setDefaultTimeout(300000);
    await bare.setBypassCSP(true);
    await bare.setViewport({ width, height: 900, isMobile: width < 500 });
    await bare.goto(url, { waitUntil: "load" });
    await bare.evaluate(axe);
    const result = await bare.evaluate(async () => {
      const { violations } = await axe.run(document);
      return violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(" | ")} [${v.nodes.length}]`);
    });
    for (const violation of result) fault(`axe at ${width} px: ${violation}`);
    await bare.close();
    if (width === 1280) {
      const paper = await page.pdf({ format: "A4", printBackground: true });
      if (pictures) writeFileSync(`${pictures}/report.pdf`, paper);
      const pages = Buffer.from(paper).toString("latin1").match(/\/Type\s*\/Page[^s]/g)?.length ?? 0;
      console.log(`${file}: ${size} bytes, ${found.figures} figures, ${pages} pages on paper`);
    }
    await page.close();
  }
}
await browser.close();
if (faults.length > 0) {
  console.log(faults.join("\n"));
  process.exit(1);
}
console.log("no fault");

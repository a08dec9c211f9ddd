import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Why there is no browser; undefined where there is one. */
export const noBrowser = existsSync(executablePath)
  ? undefined
  : "Chromium is not installed; Debian has it in the package chromium";

// What it would ask of its maker's servers is kept from it.
const quiet = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export interface Browser extends AsyncDisposable {
  /** Opens a page, and notes what it complains of and what it loads from elsewhere. */
  open(url: string, look?: Look): Promise<OpenPage>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
}

export interface OpenPage {
  readonly page: Page;
  /** Errors, refusals by the page's own policy, and requests to other servers. */
  readonly complaints: readonly string[];
}

/** A real Chromium, with an empty profile that is gone with it. */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "rollcall-chromium-"));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: quiet,
    deviceScaleFactor: 1,
  });
  return {
    async open(url, { width = 1_280, height = 800, scheme = "light" } = {}) {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(new URL(url).origin)) complaints.push(`loads ${request.url()}`);
      });
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(url);
      return { page, complaints };
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

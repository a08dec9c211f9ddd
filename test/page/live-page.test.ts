import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import type { Marks } from "@rollcall/core/view";
import { freePort, waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import type { Page } from "playwright-core";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { startReplica } from "../support/replica/index.js";
import { type Browser, noBrowser, startBrowser } from "./browser.js";
import { type MadeUpOptions, startMadeUpFleet } from "./made-up-fleet.js";

/** Where screenshots of the documents go; none are made without it. */
const pictures = process.env.ROLLCALL_SCREENSHOTS;
// The tests run from test/dist/page.
const root = fileURLToPath(new URL("../../../", import.meta.url));

const inTrouble: MadeUpOptions = {
  name: "search-eu",
  replicas: 6,
  slow: "es-4",
  history: [
    ["node.recovered", "node es-6 (10.20.4.16:9200) is back in slow start: answers again, after 62 s down", 11_000],
    [
      "node.down",
      "node es-6 (10.20.4.16:9200) is down: connection reset (2 failed probes, reported by 4 processes)",
      73_000,
    ],
    [
      "node.down",
      "node es-5 (10.20.4.15:9200) is down: connection refused (2 failed probes, reported by 3 processes)",
      252_000,
    ],
    ["replica.joined", "replica search-api-5 (pid 1205) uses the view", 3_100_000],
    ["leader.elected", "leads the view search-eu (epoch 1795691901506556)", 10_800_000],
    ["leader.lost", "the last leader, replica 31dcd632, is lost: no beat for 10 s", 10_802_000],
  ],
  nodes: [
    ...["es-1", "es-2", "es-3", "es-4"].map((name) => ({ name })),
    {
      name: "es-5",
      mark: {
        ...{ kind: "down" as const, reason: "connection refused", forMs: 252_000 },
        down: { flaps: 1, holdUntilMs: 0, failedProbes: 4, reporters: 3 },
      },
    },
    { name: "es-6", mark: { kind: "slow-start", reason: "answers again", forMs: 11_000 } },
  ],
};

const rowsOf = (page: Page) => page.locator("#nodes-body tr");
const stateOf = (page: Page, name: string) =>
  rowsOf(page)
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator(".state")
    .textContent();

/** When the leader has published marks of a kind, as any other process sees it. */
function watchMarks(url: string) {
  const store = createRedisStore({
    ...{ redis: { kind: "url", url }, name: "logs", timers: systemTimers, random: Math.random, mayLead: false },
    logger: silentLogger,
  });
  const seen: { readonly marks: Marks; readonly atMs: number }[] = [];
  store.subscribe(({ marks }) => seen.push({ marks, atMs: performance.now() }));
  return {
    async when(wanted: (marks: Marks) => boolean): Promise<number> {
      const from = seen.length;
      const found = await waitUntil("it is published", () => seen.slice(from).find(({ marks }) => wanted(marks)));
      return found?.atMs ?? Number.NaN;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  if (pictures === undefined) return;
  const path = join(root, pictures, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, fullPage });
}

describe("the live page in Chromium", { skip: noBrowser ?? false, timeout: 240_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
  });

  it("it shows that a node is killed and comes back, from a coordinator that does not lead", async (test) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 3 });
    const port = await freePort();
    const view = { nodes: cluster.urls, redis: redis.url, name: "logs" };
    await using leader = await startCoordinatorProcess(view);
    await using _replica = await startReplica({
      pool: { ...view, coordinator: "external", threads: 0 },
      load: { slots: 8, pauseMs: 5, request: { method: "GET", path: "/logs/_search" } },
    });
    await using standby = await startCoordinatorProcess({ ...view, flags: ["--http", `127.0.0.1:${port}`] });
    const { page, complaints } = await browser.open(`http://127.0.0.1:${port}/`);
    await page.getByText("which does not lead; it shows the same").waitFor();
    await page.locator("#nodes-body tr", { hasText: "healthy" }).nth(2).waitFor();
    await page.getByText(`pid ${leader.process.pid}`, { exact: true }).waitFor();
    await waitUntil(
      "the page shows requests per second",
      async () =>
        Number(await page.locator("#facts div", { hasText: "Requests/s" }).locator("dd").first().textContent()) > 0,
    );
    assert.equal(await page.title(), "logs – Rollcall");
    assert.notEqual(standby.process.pid, leader.process.pid);

    await using published = watchMarks(redis.url);
    const until = async (what: string, name: string, wanted: RegExp, isPublished: (marks: Marks) => boolean) => {
      const beginMs = performance.now();
      const since = published.when(isPublished);
      await waitUntil(what, async () => wanted.test((await stateOf(page, name)) ?? ""), { everyMs: 10 });
      const shownMs = performance.now();
      const [all, own] = [shownMs - beginMs, shownMs - (await since)].map(Math.round);
      test.diagnostic(`${what}: ${all} ms, ${own} ms of them after the leader has published it`);
    };
    const isDown = ({ nodes }: Marks) => Object.values(nodes).some(({ kind }) => kind === "down");
    await cluster.nodes[1]?.kill();
    await until("a node that was killed is shown as down", "n2", /down/, isDown);
    assert.match((await page.locator("#announcements").textContent()) ?? "", /^n2 is down: connection re/);
    assert.equal(await page.title(), "degraded: logs – Rollcall");
    assert.equal(await rowsOf(page).first().locator(".name").textContent(), "n2", "what is wrong stands first");
    await cluster.nodes[1]?.restart();
    await until("a node that has come back is shown", "n2", /slow-start|healthy/, (marks) => !isDown(marks));
    const history = page.locator("#history-list li[data-level]");
    await waitUntil("the history has both, the newest first", async () => {
      const events = await history.evaluateAll((lines) => lines.map((line) => line.getAttribute("data-event")));
      const [back, down] = ["node.recovered", "node.down"].map((event) => events.indexOf(event));
      return back !== undefined && down !== undefined && back >= 0 && back < down;
    });
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it("an operator with a token drains a node by keyboard, sees its last requests end, and uses it again", async (test) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 2 });
    const port = await freePort();
    const view = { nodes: cluster.urls, redis: redis.url, name: "logs" };
    await using _leader = await startCoordinatorProcess(view);
    await using _replica = await startReplica({
      pool: { ...view, coordinator: "external", threads: 0 },
      load: { slots: 4, pauseMs: 5, request: { method: "GET", path: "/logs/_search" } },
    });
    const token = "an-operator-of-the-tests";
    await using _standby = await startCoordinatorProcess({
      ...view,
      flags: ["--http", `127.0.0.1:${port}`, "--http-operator-token", token],
    });
    const { page, complaints } = await browser.open(`http://127.0.0.1:${port}/`);
    const node = rowsOf(page).filter({ has: page.getByText("n2", { exact: true }) });
    await rowsOf(page).filter({ hasText: "healthy" }).nth(1).waitFor();
    assert.equal(await page.getByRole("button", { name: "Drain n2" }).count(), 0, "without a token it is read-only");

    await page.getByRole("button", { name: "Token…" }).press("Enter");
    await page.getByRole("textbox", { name: "Token" }).fill("not-the-token-of-the-tests");
    await page.keyboard.press("Enter");
    await page.getByText("That token is not accepted.").waitFor();
    await page.getByRole("textbox", { name: "Token" }).fill(token);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Drain n2" }).press("Enter");
    await page.getByLabel("Reason, for all who look").fill("kernel update");
    await page.getByLabel("Your name, for the history").fill("ada");
    const force = page.getByLabel("Drain it although no other node would be in use");
    assert.equal(await force.isVisible(), false, "what was not refused cannot be forced");
    await picture(page, "live-page-drain", false);
    const askedMs = performance.now();
    await page.keyboard.press("Enter");
    await node.getByText(/^drained by ada@127\.0\.0\.1 for another 59 min: kernel update$/).waitFor();
    test.diagnostic(`a drain is shown: ${Math.round(performance.now() - askedMs)} ms`);
    assert.equal(await stateOf(page, "n2"), "draining");
    await node.getByText("0 in flight on 1 replica").waitFor();
    test.diagnostic(`nothing is left there: ${Math.round(performance.now() - askedMs)} ms`);

    await page.getByRole("button", { name: "Drain n1" }).press("Enter");
    await page.keyboard.press("Enter");
    await page
      .getByRole("alert")
      .getByText(/^no other node than n1 .* would be in use/)
      .waitFor();
    await force.waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("dialog").count(), 0);

    await page.getByRole("button", { name: "Undrain n2" }).press("Enter");
    await page.getByRole("button", { name: "Use it again" }).press("Enter");
    await node.getByText("healthy", { exact: true }).waitFor();
    await page.locator("#history-list li", { hasText: "by ada@127.0.0.1" }).nth(1).waitFor();
    assert.doesNotMatch(await page.content(), new RegExp(token));
    assert.deepEqual(
      complaints.filter((text) => !/401|409/.test(text)),
      [],
    );
    await page.close();
  });

  it("it says that it is old when its coordinator ends, and goes on when there is one again", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const port = await freePort();
    const start = () =>
      startCoordinatorProcess({
        ...{ nodes: cluster.urls, redis: redis.url, name: "logs" },
        flags: ["--http", `127.0.0.1:${port}`],
      });
    const first = await start();
    const { page } = await browser.open(`http://127.0.0.1:${port}/`);
    await page.locator("#nodes-body tr").waitFor();
    await first.process.kill();
    await page
      .getByRole("alert")
      .getByText(/^No word from .* for /)
      .waitFor();
    assert.equal(await rowsOf(page).count(), 1, "what was known stays");
    await using _second = await start();
    await page.locator("#connection", { hasText: /^live, \d\d:\d\d:\d\d$/ }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    await page.close();
  });

  it("on a wide screen all is one row a node, with what is wrong first, in light and in dark", async () => {
    await using fleet = await startMadeUpFleet(inTrouble);
    const papers: string[] = [];
    for (const scheme of ["light", "dark"] as const) {
      const { page, complaints } = await browser.open(fleet.url, { scheme, height: 900 });
      await page.getByText("es-6", { exact: true }).waitFor();
      await waitUntil("lines are drawn", async () => (await page.locator(".spark path[d*=L]").count()) > 4);
      assert.deepEqual(await rowsOf(page).locator(".name").allTextContents(), [
        ...["es-5", "es-6", "es-4"],
        ...["es-1", "es-2", "es-3"],
      ]);
      await page.getByText(/^penalized by 3 replicas, such as search-api-1 \(pid 1201\) for 94 s: 22 times/).waitFor();
      papers.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      assert.deepEqual(complaints, []);
      await picture(page, `live-page-${scheme}`);
      await page.close();
    }
    assert.notEqual(papers[0], papers[1]);
  });

  it("at 390 pixels rows are cards, and nothing is cut off or to be moved sideways", async () => {
    await using fleet = await startMadeUpFleet(inTrouble);
    const { page, complaints } = await browser.open(fleet.url, { width: 390, height: 844 });
    await page.getByText("es-6", { exact: true }).waitFor();
    const { wide, cut } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      cut: [...document.querySelectorAll(".grid td, .grid td *")].filter(
        (element) => element.getBoundingClientRect().right > 390,
      ).length,
    }));
    assert.deepEqual([wide, cut, complaints], [390, 0, []]);
    const [card] = await rowsOf(page).all();
    assert.equal(await card?.evaluate((row) => getComputedStyle(row).display), "grid");
    assert.equal(await page.getByRole("table", { name: "Nodes" }).getByRole("row").count(), 7, "it is a table still");
    await picture(page, "live-page-narrow", false);
    await page.close();
  });

  it("a page works by keyboard, and a row that moves keeps the focus in it", async () => {
    await using fleet = await startMadeUpFleet(inTrouble);
    const { page } = await browser.open(fleet.url);
    await page.getByText("es-6", { exact: true }).waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the nodes");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "nodes");

    const name = page.getByRole("button", { name: "es-4", exact: true });
    await name.press("Enter");
    const why = page.getByRole("dialog", { name: "es-4" });
    await why.getByText(/^es-4 \(10\.20\.4\.14:9200\) /).waitFor();
    await why.getByText(/^search-api-1 \(pid 1201\): penalized for 94 s: 22 times/).waitFor();
    await picture(page, "live-page-why", false);
    await page.keyboard.press("Escape");
    assert.equal(await why.isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "es-4", "the focus is where it was");
    await page.close();
  });

  it("where reading needs a token the page asks for it, keeps it over a reload, and never shows it", async () => {
    const readerToken = "a-reader-of-the-tests";
    await using fleet = await startMadeUpFleet({ name: "logs", replicas: 2, nodes: [{ name: "es-1" }], readerToken });
    const { page } = await browser.open(fleet.url);
    await page.getByText("To read this page a token is needed.").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#connection", { hasText: "a token is needed" }).waitFor();
    assert.equal(await rowsOf(page).count(), 0);
    for (const [token, shown] of [
      ["not-the-token-of-the-tests", "That token is not accepted."],
      [readerToken, "es-1"],
    ] as const) {
      if (!(await page.getByRole("dialog").isVisible())) await page.getByRole("button", { name: "Token…" }).click();
      await page.getByRole("textbox", { name: "Token" }).fill(token);
      await page.keyboard.press("Enter");
      await page.getByText(shown, { exact: true }).waitFor();
    }
    await page.reload();
    await page.getByText("es-1", { exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "metrics" }).isVisible(), false, "a link carries no token");
    assert.doesNotMatch(`${page.url()} ${await page.content()}`, new RegExp(readerToken));
    await page.close();
  });

  it("what a node calls itself is text, whatever it is", async () => {
    const name = "<img src=x onerror=alert(1)>\u202e";
    await using fleet = await startMadeUpFleet({ name: "<b>logs", replicas: 2, nodes: [{ name }] });
    const { page, complaints } = await browser.open(fleet.url);
    await page.getByText("<img src=x", { exact: false }).first().waitFor();
    assert.equal(await page.locator("h1").textContent(), "<b>logs");
    assert.deepEqual([await page.locator("tbody img, h1 b").count(), complaints], [0, []]);
    await page.close();
  });
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Timers } from "@rollcall/core";
import { collectingLogger, ManualTimers, waitUntil } from "@rollcall/testing";
import { ChangingFile, type FileContent } from "./changing-file.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Content must begin with "good". */
function openFile(path: string) {
  const manual = new ManualTimers();
  const delays: number[] = [];
  const timers: Timers = {
    nowMs: () => manual.nowMs(),
    after(delayMs, wake) {
      delays.push(delayMs);
      return manual.after(delayMs, wake);
    },
  };
  const logger = collectingLogger();
  const parsed: string[] = [];
  const parse = (bytes: Buffer): FileContent<string> => {
    const content = bytes.toString();
    parsed.push(content);
    return content.startsWith("good") ? { kind: "usable", content } : { kind: "failed", problem: "is not good" };
  };
  const file = new ChangingFile({ option: "auth.passwordFile", path, maxBytes: 16, parse }, timers, logger);
  let changes = 0;
  file.onChange(() => changes++);
  /** Lets the time of checks pass until it is so. */
  const until = (description: string, check: () => boolean) =>
    waitUntil(description, () => {
      manual.advance(100);
      return check();
    });
  return { file, manual, delays, logger, parsed, until, changes: () => changes };
}

describe("a file that changes", () => {
  it("a file that cannot be used at the start is one error with the option, the file and the reason", () => {
    const at = (name: string) => join(folder, name);
    writeFileSync(at("empty"), "");
    writeFileSync(at("large"), "good but much too long");
    writeFileSync(at("bad"), "s3cret");
    for (const [path, reason] of [
      [at("missing"), "does not exist"],
      [folder, "is not a regular file"],
      ["/dev/zero", "is not a regular file"],
      [at("empty"), "is empty"],
      [at("large"), "has more than 16 bytes"],
      [at("bad"), "is not good"],
      [`${at("bad")}/file`, "cannot be read (ENOTDIR)"],
    ] as const) {
      const message = `auth.passwordFile: the file ${JSON.stringify(path)} ${reason}`;
      assert.throws(() => openFile(path), { code: "CONFIG", message });
    }
  });

  it("a file is read again when a link on its path leads elsewhere, as in a Kubernetes secret, and listeners are called once", async () => {
    for (const version of ["1", "2"]) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, "password"), `good ${version}`);
    }
    symlinkSync("..1", join(folder, "..data"));
    symlinkSync(join("..data", "password"), join(folder, "password"));
    const { file, until, changes, logger } = openFile(join(folder, "password"));
    file.start();
    assert.equal(file.content, "good 1");

    symlinkSync("..2", join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    await until("the new content is in use", () => file.content === "good 2");
    file.close();
    assert.equal(changes(), 1);
    assert.equal(logger.messages("info", "(auth.passwordFile) has changed").length, 1);
    assert.doesNotMatch(logger.text(), /good/);
  });

  it("new content that cannot be used is logged once, what was read before stays, and the next good content is used", async () => {
    const path = join(folder, "key");
    writeFileSync(path, "good 1");
    const { file, until, changes, logger, parsed } = openFile(path);
    file.start();
    const warnings = () => logger.messages("warn", "what was read of it before stays in use");
    writeFileSync(path, "s3cret");
    await until("the bad content is refused", () => warnings().length === 1);
    writeFileSync(path, "s3cret, too");
    await until("another bad content is judged", () => parsed.includes("s3cret, too"));
    writeFileSync(path, "");
    await until("the empty file is refused", () =>
      warnings().some((line) => line.includes(`${path}" (auth.passwordFile) is empty`)),
    );
    rmSync(path);
    await until("the missing file is refused", () => warnings().some((line) => line.includes("does not exist")));
    assert.deepEqual([file.content, changes(), warnings().length], ["good 1", 0, 3]);
    assert.doesNotMatch(logger.text(), /s3cret/);

    writeFileSync(path, "good 2");
    await until("the good content is in use", () => file.content === "good 2");
    writeFileSync(path, "s3cret");
    await until("it is refused anew", () => warnings().length === 4);
    file.close();
    assert.equal(changes(), 1);
  });

  it("half-written content of a file is not used", async () => {
    const path = join(folder, "key");
    writeFileSync(path, "good 1");
    const { file, manual, delays, parsed } = openFile(path);
    writeFileSync(path, "good ha");
    const reread = file.reread();
    await waitUntil("the half is read", () => delays.includes(100));
    writeFileSync(path, "good half 2");
    let isDone = false;
    void reread.then(() => {
      isDone = true;
    });
    await waitUntil("the check has ended", () => {
      manual.advance(100);
      return isDone;
    });
    assert.equal(await reread, true);
    assert.deepEqual(parsed, ["good 1", "good half 2"]);
    file.close();
  });

  it("a file is read at once when that is asked for, and the caller learns whether the content is another", async () => {
    const path = join(folder, "key");
    writeFileSync(path, "good 1");
    const { file, until, changes } = openFile(path);
    assert.equal(await file.reread(), false);
    const told: boolean[] = [];
    writeFileSync(path, "good 2");
    for (let calls = 0; calls < 2; calls++) void file.reread().then((changed) => told.push(changed));
    await until("both calls have their answer", () => told.length === 2);
    assert.deepEqual([told, file.content, changes()], [[true, true], "good 2", 1]);
    file.close();
  });
});

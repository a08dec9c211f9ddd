import { compareVersions, isCredibleEpoch, type Version } from "@rollcall/core/view";
import { headOf, publicationOf } from "./published-view.js";

type Violated = (invariant: string, text: string) => void;

interface Seen {
  readonly topology: Version;
  readonly marks: Version;
}

const keptMax = 512;

/**
 * S1  At one primary, the head never goes back, and no write succeeds but with the newest lease that was given there.
 * S2  No two leaders publish under one epoch, and no version stands for two contents.
 */
export class ViewOrder {
  private granted: { readonly leader: string; readonly epoch: string } | undefined;
  private head: Seen | undefined;
  private readonly leaders = new Map<string, string>();
  private readonly contents = new Map<string, string>();

  constructor(
    private readonly violated: Violated,
    private readonly storeNowMs: () => number,
  ) {}

  /** Another primary: what it has granted and shown is not known. Versions stay unique for ever. */
  reset(): void {
    this.granted = undefined;
    this.head = undefined;
  }

  ran(script: string, process: string, args: readonly string[], reply: string | number | null): void {
    const [leader = "", epoch = ""] = args;
    if (script === "acquire" && reply !== null) this.granted = { leader, epoch: `${reply}` };
    if (script === "renew" && reply === "kept") {
      this.checkLease(process, leader, epoch);
      const head = args[3] === undefined || args[3] === "" ? undefined : headOf(args[3]);
      if (head !== undefined) this.show(process, head);
    }
    if (script === "publish" && (reply === "published" || reply === "same")) this.publish(process, args);
  }

  private publish(process: string, args: readonly string[]): void {
    const [leader = "", epoch = ""] = args;
    this.checkLease(process, leader, epoch);
    const publisher = this.leaders.get(epoch) ?? leader;
    this.leaders.set(epoch, publisher);
    if (publisher !== leader) this.violated("S2", `${leader} and ${publisher} both publish under epoch ${epoch}`);
    const publication = publicationOf(process, args);
    if (publication === undefined) return this.violated("S2", `${process} publishes what no reader can read`);
    const { topology, marks } = publication;
    if (topology !== undefined) this.checkContent("topology", topology.version, JSON.stringify(topology));
    if (marks !== undefined) this.checkContent("marks", marks.version, JSON.stringify(marks));
    this.show(process, publication.head);
  }

  private checkLease(process: string, leader: string, epoch: string): void {
    const { granted } = this;
    if (granted === undefined || (granted.leader === leader && granted.epoch === epoch)) return;
    this.violated("S1", `${process} writes under epoch ${epoch}, though ${granted.leader} holds ${granted.epoch}`);
  }

  private show(process: string, { topology, marks }: Seen): void {
    const { head } = this;
    this.head = { topology, marks };
    if (head === undefined) return;
    // It was published before the clock of Redis was set back.
    if (!isCredibleEpoch(Math.max(head.topology.epoch, head.marks.epoch), this.storeNowMs())) return;
    if (compareVersions(topology, head.topology) >= 0 && compareVersions(marks, head.marks) >= 0) return;
    this.violated("S1", `${process} replaces a newer view`);
  }

  private checkContent(what: string, { epoch, leader, sequence }: Version, content: string): void {
    const name = `${what} ${epoch}/${leader}/${sequence}`;
    const known = this.contents.get(name);
    this.contents.set(name, content);
    if (known !== undefined && known !== content) this.violated("S2", `${name} stands for two contents`);
    const [oldest] = this.contents.keys();
    if (this.contents.size > keptMax && oldest !== undefined) this.contents.delete(oldest);
  }
}

import type { Timers } from "@rollcall/core";
import { fixed, type SelectionConfig } from "@rollcall/core/config";
import { judgeBySelection, type SelectionVerdict } from "@rollcall/core/selection";
import type { NodeRecord } from "@rollcall/core/view";
import type { Row } from "../table/apply-view.js";

const used: SelectionVerdict = { kind: "used", preferred: false };

/** A node in the table, and what the selection makes of it. */
export interface SelectedNode {
  readonly row: Row;
  readonly verdict: SelectionVerdict;
}

/** What lasts for longer than a start or a restart takes; undefined: nothing, or no more. */
export interface SelectionFindings {
  /** The selection leaves no node: why, for people. */
  readonly none: string | undefined;
  /** `prefer` names none of the listed nodes. */
  readonly nonePreferred: boolean;
}

/**
 * What the option `selection` makes of the nodes, and whether any is left. Without the option every node is used.
 *
 *            no node is left                for 5 s
 *    fine ─────────────────────▶ doubtful ─────────▶ found
 *      ▲─────────── a node is left ─┴──────────────────┘
 *
 * The wait is as long as requests wait for a node that accepts a connection: the nodes of a list join one by one.
 */
export class SelectionWatch {
  private none: string | undefined;
  private nonePreferred = false;
  private found: SelectionFindings = { none: undefined, nonePreferred: false };
  private cancel: (() => void) | undefined;

  constructor(
    private readonly selection: SelectionConfig | undefined,
    private readonly timers: Timers,
    private readonly changed: (findings: SelectionFindings) => void,
  ) {}

  /** What it makes of one node. */
  verdictOf(node: NodeRecord): SelectionVerdict {
    return this.selection === undefined ? used : judgeBySelection(this.selection, node);
  }

  /** Why no node is left at this moment; undefined while one is. */
  get noneNow(): string | undefined {
    return this.none;
  }

  get findings(): SelectionFindings {
    return this.found;
  }

  /** To be called with all nodes of the table after each list. */
  judge(nodes: readonly SelectedNode[]): void {
    if (this.selection === undefined) return;
    const listed = nodes.filter(({ row }) => row.tier === "node" && row.node.id !== "");
    const isLeft = nodes.length === 0 || nodes.some(({ verdict }) => verdict.kind === "used");
    this.none = isLeft ? undefined : noneText(listed.length);
    const isPreferred = listed.some(({ verdict }) => verdict.kind === "used" && verdict.preferred);
    this.nonePreferred = this.selection.prefer.length > 0 && isLeft && listed.length > 0 && !isPreferred;
    this.settle(false);
  }

  close(): void {
    this.cancel?.();
  }

  /** What is over is over at once; what begins is found once it has lasted. */
  private settle(hasLasted: boolean): void {
    const { none, nonePreferred, found } = this;
    const isKnown = (found.none === undefined) === (none === undefined) && found.nonePreferred === nonePreferred;
    const isOver = none === undefined && !nonePreferred;
    if (isKnown || isOver || hasLasted) {
      this.cancel?.();
      this.cancel = undefined;
      this.show({ none, nonePreferred });
    } else this.cancel ??= this.timers.after(fixed.noNodeWaitMs, () => this.settle(true));
  }

  private show(findings: SelectionFindings): void {
    const { none, nonePreferred } = this.found;
    this.found = findings;
    if (findings.none !== none || findings.nonePreferred !== nonePreferred) this.changed(findings);
  }
}

function noneText(listed: number): string {
  return listed === 0
    ? "`selection` waits for the cluster's list of nodes, which says what each of them is"
    : `\`selection\` leaves none of the ${listed} listed nodes`;
}

import type { PageState } from "../page-state.js";
import { setText } from "./elements.js";

/** Says in one sentence what has changed, for readers who do not see it: states only, never figures. */
export class Announcements {
  private states: ReadonlyMap<string, string> | undefined;
  private viewState: string | undefined;

  constructor(private readonly element: HTMLElement) {}

  say(text: string): void {
    setText(this.element, text);
  }

  show({ status }: PageState): void {
    const states = new Map(status.nodes.map(({ key, state }) => [key, state]));
    const sentences = this.states === undefined ? [] : this.changes(status, this.states);
    this.states = states;
    this.viewState = status.state;
    if (sentences.length > 0) setText(this.element, sentences.slice(0, 5).join(" "));
  }

  private changes({ state, nodes }: PageState["status"], before: ReadonlyMap<string, string>): string[] {
    const changed = nodes.filter((node) => before.has(node.key) && before.get(node.key) !== node.state);
    return [
      ...(state === this.viewState ? [] : [`The view is ${state}.`]),
      ...changed.map(
        ({ name, address, state, reason }) => `${name ?? address} is ${state}${reason === null ? "" : `: ${reason}`}.`,
      ),
    ];
  }
}

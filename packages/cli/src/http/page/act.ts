import type { NodeReport } from "../../status-report.js";
import { byId, setText } from "./elements.js";
import { tokenOfTab } from "./token.js";

const nameKey = "rollcall-name";

/** Asks, and then asks the leader, to drain a node or to use it again. */
export class ActDialog {
  private readonly dialog = byId("act-dialog", HTMLDialogElement);
  private readonly problem = byId("act-problem", HTMLElement);
  private readonly button = byId("act-button", HTMLButtonElement);
  private readonly name = byId("act-name", HTMLInputElement);
  private readonly reason = byId("act-reason", HTMLInputElement);
  private readonly time = byId("act-for", HTMLSelectElement);
  private readonly force = byId("act-force", HTMLInputElement);
  private kind: "drain" | "undrain" = "drain";
  private node = "";

  /** @param done is called with what the leader has answered */
  constructor(private readonly done: (text: string) => void) {
    byId("act-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    byId("act-cancel", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
    this.name.value = sessionStorage.getItem(nameKey) ?? "";
  }

  open({ key, name, address, drain }: NodeReport): void {
    this.kind = drain === null ? "drain" : "undrain";
    this.node = key;
    const isDrain = this.kind === "drain";
    setText(byId("act-title", HTMLElement), `${isDrain ? "Drain" : "Use again"}: ${name ?? address}`);
    setText(
      byId("act-what", HTMLElement),
      isDrain
        ? "No process sends it a new request; those in flight end. The drain ends by itself."
        : "The drain ends now. A healthy node gets its full share at once.",
    );
    for (const id of ["act-for-field", "act-reason-field"]) byId(id, HTMLElement).hidden = !isDrain;
    setText(this.button, isDrain ? "Drain it" : "Use it again");
    this.reason.value = "";
    this.show("", false);
    this.dialog.showModal();
    (isDrain ? this.reason : this.button).focus();
  }

  private async send(): Promise<void> {
    sessionStorage.setItem(nameKey, this.name.value);
    this.button.disabled = true;
    try {
      const { text, isRefused } = await this.ask();
      if (isRefused) this.show(text, this.kind === "drain" && text.includes("force"));
      else {
        this.dialog.close();
        this.done(text);
      }
    } catch {
      this.show("The request did not arrive: nothing is known of it. Look at the node before you try again.", false);
    } finally {
      this.button.disabled = false;
    }
  }

  private async ask(): Promise<{ readonly text: string; readonly isRefused: boolean }> {
    const { kind, node } = this;
    const asked = { kind, node, name: this.name.value };
    const drain = { reason: this.reason.value, forMs: Number(this.time.value), force: this.force.checked };
    const response = await fetch("operations", {
      method: "POST",
      headers: { authorization: `Bearer ${tokenOfTab() ?? ""}`, "content-type": "application/json" },
      body: JSON.stringify(kind === "drain" ? { ...asked, ...drain } : asked),
    });
    const answer = (await response.json()) as { readonly text?: string; readonly error?: string };
    return { text: answer.text ?? answer.error ?? "", isRefused: !response.ok };
  }

  /** What was refused can be forced only where the leader says so. */
  private show(problem: string, mayForce: boolean): void {
    this.problem.hidden = problem === "";
    setText(this.problem, problem);
    byId("act-force-field", HTMLElement).hidden = !mayForce;
    this.force.checked = false;
  }
}

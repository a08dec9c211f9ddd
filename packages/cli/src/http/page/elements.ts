/** What a piece of the page is made of: text goes in as text only, whatever a node calls itself. */
export interface ElementParts {
  readonly class?: string;
  readonly role?: string;
  readonly text?: string;
  /** Further attributes. */
  readonly attributes?: Readonly<Record<string, string>>;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { class: className, role, text, attributes = {} }: ElementParts = {},
  children: readonly (Element | undefined)[] = [],
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (role !== undefined) made.setAttribute("role", role);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const child of children) if (child !== undefined) made.append(child);
  return made;
}

/** @throws where the page lacks it */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** Writes only what has changed: the browser then lays out nothing, and a selection stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Puts these children in place of the others; those that stay in place are not touched. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  const focused = document.activeElement;
  for (const [at, child] of children.entries()) {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  }
  while (parent.children.length > children.length) parent.lastElementChild?.remove();
  // What is moved loses the focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) focused.focus();
}

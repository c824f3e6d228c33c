/** The parts of a picture as a tree: stack, layer, expert, tensor. */

import type { Rectangle } from "./entities";
import { printable } from "./format";
import type { Placement } from "./manifest";
import type { Scene } from "./scene";
import { expertOf, layerOf, partText, shortText, stackOf } from "./tensor";

export interface Node {
  readonly label: string;
  readonly parent: Node | null;
  readonly children: Node[];
  /** Which placement it is; null for what holds several. */
  readonly index: number | null;
  /** How many placements are in it. */
  count: number;
}

export interface Tree {
  readonly roots: readonly Node[];
  /** The node of each placement. */
  readonly leaves: readonly Node[];
}

/** One row of the tree as it is shown. */
export interface Row {
  readonly node: Node;
  readonly depth: number;
  /** Its place among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

/** Before all layers, and after them; tensors and layers are numbered in between. */
const [BEFORE, AFTER] = [-1e9, 1e9];
/** Experts come after what else there is in a layer. */
const EXPERTS = 1e7;

type Key = readonly [label: string, order: number];

/** Put placements into their stacks, layers and experts, all in the scene's own order. */
export function treeOf(scene: Scene): Tree {
  const items = scene.placements.items;
  const top = node("", null, null);
  const groups = new Map<string, Node>();
  const orders = new Map<Node, number>();
  const leaves: Node[] = new Array<Node>(items.length);
  const layersStart = startsOfLayers(items);
  const within = (parent: Node, path: string, [label, order]: Key): Node => {
    const known = groups.get(path);
    if (known) return known;
    const made = node(label, parent, null);
    parent.children.push(made);
    groups.set(path, made);
    orders.set(made, order);
    return made;
  };
  items.forEach((item, index) => {
    const [layer, expert, stack] = [layerOf(item), expertOf(item), stackOf(item)];
    let parent = top;
    let path = "";
    if (scene.stacks.length > 1 && stack) parent = within(parent, (path = `s${stack}`), [printable(stack), index]);
    if (layer !== null) parent = within(parent, (path += `\nl${layer}`), [`layer ${layer}`, layer]);
    if (expert !== null) parent = within(parent, (path += `\ne${expert}`), [`expert ${expert}`, EXPERTS + expert]);
    const leaf = node(expert === null ? shortText(item) : partText(item), parent, index);
    parent.children.push(leaf);
    leaves[index] = leaf;
    const start = layersStart.get(stack);
    const beyond = layer === null && start !== undefined ? (item.y < start ? BEFORE : AFTER) : 0;
    orders.set(leaf, beyond + index);
  });
  arrange(top, orders);
  return { roots: top.children, leaves };
}

/** How far down the canvas the layers of each stack begin. */
function startsOfLayers(items: readonly Placement[]): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  for (const item of items) {
    if (layerOf(item) === null) continue;
    const stack = stackOf(item);
    starts.set(stack, Math.min(starts.get(stack) ?? Infinity, item.y));
  }
  return starts;
}

/** The rows of a tree of which some nodes are open. */
export function rowsOf(tree: Tree, open: ReadonlySet<Node>): Row[] {
  const rows: Row[] = [];
  const add = (nodes: readonly Node[], depth: number): void => {
    nodes.forEach((one, at) => {
      rows.push({ node: one, depth, position: at + 1, siblings: nodes.length });
      if (open.has(one)) add(one.children, depth + 1);
    });
  };
  add(tree.roots, 0);
  return rows;
}

/** The rectangle around all that a node holds. */
export function extentOf(one: Node, scene: Scene): Rectangle {
  if (one.index !== null) return scene.placements.rectangle(one.index);
  const boxes = one.children.map((child) => extentOf(child, scene));
  return {
    x0: boxes.reduce((least, { x0 }) => Math.min(least, x0), Infinity),
    y0: boxes.reduce((least, { y0 }) => Math.min(least, y0), Infinity),
    x1: boxes.reduce((most, { x1 }) => Math.max(most, x1), 0),
    y1: boxes.reduce((most, { y1 }) => Math.max(most, y1), 0),
  };
}

function node(label: string, parent: Node | null, index: number | null): Node {
  return { label, parent, index, children: [], count: index === null ? 0 : 1 };
}

/** Sort what each node holds, and count it. */
function arrange(one: Node, orders: ReadonlyMap<Node, number>): void {
  for (const child of one.children) {
    if (child.index === null) arrange(child, orders);
    one.count += child.count;
  }
  one.children.sort((a, b) => orders.get(a)! - orders.get(b)!);
}

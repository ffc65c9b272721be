import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../shared/mimeBundle.ts";
import { tinyModel } from "../train/tiny.ts";

const model = await tinyModel();
const layer = 4 * (32 * 32 + 32) + 2 * 32 * 64 + 64 + 32 + 4 * 32;
const embeddings = (60 + 40 + 2) * 32 + 2 * 32;
const head = 32 * 32 + 32 + 2 * 32 + 2;

test("the blocks go from bottom to top, with the sizes of their tensors", () => {
  const { blocks, parameters, modelType } = model.summary();
  expect(blocks.map(({ block, parameters: size }) => [block, size])).toEqual([
    ["embeddings", embeddings],
    [0, layer],
    [1, layer],
    [2, layer],
    ["head", head],
  ]);
  expect([modelType, parameters]).toEqual(["bert", embeddings + 3 * layer + head]);
});

test("what trains is what requires a gradient now, a part of a block as a part", () => {
  model
    .freeze()
    .unfreeze("head")
    .unfreeze({ parameters: ["bert.encoder.layer.2.output.dense.bias"] });
  const summary = model.summary();
  expect(summary.blocks.map(({ trainable }) => trainable)).toEqual([0, 0, 0, 32, head]);
  expect(summary.trainable).toBe(32 + head);
  const lines = String(summary).split("\n");
  const line = (name: string) => lines.find((each) => each.includes(name));
  expect(line("layer 1")).toMatch(/frozen/);
  expect(line("layer 2")).toMatch(/32 train/);
  expect(line("head")).toMatch(/trains/);
});

test("a model shows its summary, not its insides", () => {
  expect(inspect(model)).toBe(String(model.summary()));
  expect(model[displaySymbol]()).toEqual(model.summary()[displaySymbol]());
});

test("new values are shown beside what the file gave", async () => {
  expect((await tinyModel()).summary().blocks.map(({ newlyInitialized }) => newlyInitialized)).toEqual([
    0, 0, 0, 0, 66,
  ]);
});

test("it prints in Node and shows as a table in a notebook", () => {
  expect(inspect(model.summary())).toBe(model.summary().toString());
  expect(model.summary()[displaySymbol]()["text/html"]).toMatch(/<table/);
});

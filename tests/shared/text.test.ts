import { expect, test } from "vitest";
import { escapeHtml } from "../../shared/text.ts";

test("escaped text is safe in an attribute", () => {
  expect(escapeHtml(`"><img onerror='x'>&`)).toBe("&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;&amp;");
});

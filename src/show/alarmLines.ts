/** Alarms as lines of text and HTML: a word, the code and the sentence, and a colour beside them. */
import { escapeHtml } from "../../shared/text.ts";
import type { Alarm } from "../train/alarms.ts";

/** Writes an alarm: `"Alarm NOT_LEARNING (stage 1, epoch 3): ..."`; stages are counted from 1, as in the live view. */
export function alarmLine(alarm: Alarm): string {
  return `${headOf(alarm)}: ${alarm.sentence}`;
}

/** Renders an alarm, escaped. The word says it, and the bar at the left shows it in light and dark themes alike. */
export function alarmHtml(alarm: Alarm): string {
  return `<div role="alert" ${style}><b>${escapeHtml(headOf(alarm))}</b>: ${escapeHtml(alarm.sentence)}</div>`;
}

/** Orange (#d9541e) has a contrast of more than 3 to 1 on white and on the dark themes' grounds; the text keeps the theme's colour. */
const style =
  'style="border-left: 4px solid #d9541e; padding: 0.25em 0.75em; margin: 0.25em 0; overflow-wrap: anywhere; ' +
  'color: var(--jp-content-font-color1, inherit)"';

function headOf({ code, stage, epoch }: Alarm): string {
  const place = [
    ...(stage === undefined ? [] : [`stage ${stage + 1}`]),
    ...(epoch === undefined ? [] : [`epoch ${Math.round(100 * epoch) / 100}`]),
  ];
  return `Alarm ${code}${place.length === 0 ? "" : ` (${place.join(", ")})`}`;
}

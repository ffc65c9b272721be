/** What `%time` says: processor time and wall time, in the unit that fits. */

export interface Times {
  readonly wallMs: number;
  readonly cpu: NodeJS.CpuUsage;
}

export function startTimes(): Times {
  return { wallMs: performance.now(), cpu: process.cpuUsage() };
}

export function describeTimes(started: Times): string {
  const wallMs = performance.now() - started.wallMs;
  const { user, system } = process.cpuUsage(started.cpu);
  const [userText, systemText, total] = [user, system, user + system].map((micros) => formatSeconds(micros / 1e6));
  return `CPU times: user ${userText}, sys: ${systemText}, total: ${total}\nWall time: ${formatSeconds(wallMs / 1e3)}`;
}

/** `1.23 ms`; from a minute on `1min 30s`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 60) {
    const whole = Math.round(seconds);
    const parts = [
      [Math.floor(whole / 3600), "h"],
      [Math.floor((whole % 3600) / 60), "min"],
      [whole % 60, "s"],
    ] as const;
    return parts
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join(" ");
  }
  const units = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [1e-9, "ns"],
  ] as const;
  const [scale, unit] = units.find(([least]) => seconds >= least * 0.9995) ?? [1e-9, "ns"];
  return `${Number((seconds / scale).toPrecision(3))} ${unit}`;
}

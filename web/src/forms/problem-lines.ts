import type { Problem } from '../api';

/** What is said below a problem's title: what to do, and when to try again, in units people think in. */
export function problemLines({ detail, retryAfter }: Problem): string[] {
  const lines = detail === null ? [] : [detail];
  if (retryAfter === null) return lines;
  const wait = `Try again in ${span(retryAfter)}`;
  const inSeconds = /Try again in \d+ seconds?/;
  if (detail !== null && inSeconds.test(detail)) return [detail.replace(inSeconds, wait)];
  return [...lines, `${wait}.`];
}

function span(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.ceil(seconds / 3600)} h`;
}

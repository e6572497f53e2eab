import { display } from './preferences/display';

const NANO_DOLLARS = 1e9;
const NANO_DIGITS = 9;
const DAY_MS = 86_400_000;

/** Dollars with cents from one dollar up, below that three significant digits: an answer may cost $0.000318. */
export function dollars(nanoDollars: number): string {
  const amount = nanoDollars / NANO_DOLLARS;
  const significant = amount > 0 && amount < 1 ? 2 - Math.floor(Math.log10(amount)) : 2;
  return amount.toLocaleString(display.language ?? 'en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: Math.min(significant, NANO_DIGITS),
  });
}

/** A count with thousands separators. */
export function count(value: number): string {
  return value.toLocaleString(display.language ?? 'en-US');
}

/** A number of bytes in the unit that leaves one to three digits before the point. */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  const amount = value / 1000 ** power;
  return amount.toLocaleString(display.language ?? 'en-US', {
    style: 'unit',
    unit: units[power] ?? 'byte',
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: amount < 10 && power > 0 ? 1 : 0,
  });
}

/** `1 token`, `2 tokens`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A moment near enough to need no year: the time today, the day and time before that. */
export function moment(rfc3339: string, now = new Date()): string {
  return near(rfc3339, now, { hour: 'numeric', minute: '2-digit' });
}

/** As `moment`, to the second: for what can follow each other quickly. */
export function second(rfc3339: string, now = new Date()): string {
  return near(rfc3339, now, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
}

function near(rfc3339: string, now: Date, time: Intl.DateTimeFormatOptions): string {
  const at = new Date(rfc3339);
  if (day(rfc3339) === day(now.toISOString())) return write(at, time);
  const date: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  if (at.getFullYear() !== now.getFullYear()) date.year = 'numeric';
  return write(at, { ...date, ...time });
}

/** A calendar day. */
export function day(rfc3339: string): string {
  return write(new Date(rfc3339), { day: 'numeric', month: 'short', year: 'numeric' });
}

/** How long ago, in the one unit that tells most; `just now` within a minute. */
export function ago(rfc3339: string, now = new Date()): string {
  const minutes = Math.floor((now.getTime() - new Date(rfc3339).getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  if (minutes < 60) return words.format(-minutes, 'minute');
  if (minutes < 60 * 24) return words.format(-Math.floor(minutes / 60), 'hour');
  const days = Math.floor((minutes * 60_000) / DAY_MS);
  return days < 30 ? words.format(-days, 'day') : `on ${day(rfc3339)}`;
}

/** How long from now, in hours and minutes, at least one minute. */
export function until(rfc3339: string, now = new Date()): string {
  const minutes = Math.max(1, Math.ceil((new Date(rfc3339).getTime() - now.getTime()) / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}

function write(at: Date, parts: Intl.DateTimeFormatOptions): string {
  return at.toLocaleString(display.language, display.timeZone ? { ...parts, timeZone: display.timeZone } : parts);
}

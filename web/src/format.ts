const NANO_DOLLARS = 1e9;
const NANO_DIGITS = 9;

const wholeNumber = new Intl.NumberFormat('en-US');
/** Dollars with cents from one dollar up, below that three significant digits: an answer may cost $0.000318. */
export function dollars(nanoDollars: number): string {
  const amount = nanoDollars / NANO_DOLLARS;
  const significant = amount > 0 && amount < 1 ? 2 - Math.floor(Math.log10(amount)) : 2;
  return amount.toLocaleString('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: Math.min(significant, NANO_DIGITS),
  });
}

/** A count with thousands separators. */
export function count(value: number): string {
  return wholeNumber.format(value);
}

/** `1 token`, `2 tokens`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A moment near enough to need no year: the time today, the day and time before that. */
export function moment(rfc3339: string, now = new Date()): string {
  const at = new Date(rfc3339);
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString([], time);
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  if (at.getFullYear() !== now.getFullYear()) day.year = 'numeric';
  return at.toLocaleString([], { ...day, ...time });
}

/** How long from now, in hours and minutes, at least one minute. */
export function until(rfc3339: string, now = new Date()): string {
  const minutes = Math.max(1, Math.ceil((new Date(rfc3339).getTime() - now.getTime()) / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}

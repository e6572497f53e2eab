/**
 * The members of a JSON object by name, each value as it is written: parsing would round large numbers, write `1.0` as `1`
 * and drop members that stand twice. Takes what is known to be JSON.
 */
export function rawMembers(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let start = 0;
  let name: string | null = null;
  for (let at = 0; at < json.length; at += 1) {
    const sign = json.charAt(at);
    if (sign === '"') {
      at = endOfString(json, at);
    } else if (sign === '{' || sign === '[') {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (sign === ':' && depth === 1) {
      name = JSON.parse(json.slice(start, at)) as string;
      start = at + 1;
    } else if (sign === ',' || sign === '}' || sign === ']') {
      if (depth === 1 && name !== null) members.set(name, json.slice(start, at).trim());
      if (depth === 1) start = at + 1;
      if (sign !== ',') depth -= 1;
    }
  }
  return members;
}

/** A JSON object of values that are JSON already, each written as it is. */
export function rawObject(members: Readonly<Record<string, string>>): string {
  return `{${Object.entries(members).map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** Where a string ends that begins at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charAt(at) !== '"') at += json.charAt(at) === '\\' ? 2 : 1;
  return at;
}

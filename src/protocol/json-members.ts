/**
 * The name of a member that an object has twice, in text that is known to be valid JSON; null: there is none. Members of
 * values inside do not count. `JSON.parse` keeps the last of two, others the first.
 */
export function findRepeatedMember(text: string): string | null {
  const seen = new Set<string>()
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token.endsWith(':')) {
      const name: string = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1))
      if (seen.has(name)) return name
      seen.add(name)
    }
  }
  return null
}

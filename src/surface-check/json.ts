/** JSON as it is written, and not only what it means: programs differ in what they make of it. */
export interface Json {
  readonly type: 'text' | 'number' | 'true or false' | 'null' | 'list' | 'object'
  /** Without white space and needless escapes. Numbers are as they are written: `7200.0` is no integer to everybody. */
  readonly text: string
  /** Of a text, itself; of all else, null. */
  readonly string: string | null
  /** Of a number that is written as an integer, itself; of all else, null. */
  readonly integer: number | null
  /** Of an object, the names of its members in their order; one that is there twice, twice. */
  readonly names: readonly string[]
  /** Of an object. Of two members with one name, the last, which is the one that most programs take. */
  readonly members: ReadonlyMap<string, Json>
}

/** The JSON object that a text is; null: it is none. */
export function readObject(text: string): Json | null {
  try {
    // What follows relies on it that this is JSON.
    JSON.parse(text)
    const json = readValue(text.matchAll(TOKEN))
    return json.type === 'object' ? json : null
  } catch {
    return null
  }
}

/** Commas and colons say nothing where it is known that they are in their places. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s{}[\],:"]+/g

const NOTHING: Pick<Json, 'string' | 'integer' | 'names' | 'members'> = {
  string: null,
  integer: null,
  names: [],
  members: new Map(),
}

type Tokens = Iterator<RegExpExecArray>

function readValue(tokens: Tokens, token = next(tokens)): Json {
  switch (token[0]) {
    case '{':
      return readMembers(tokens)
    case '[':
      return readList(tokens)
    case '"': {
      const string: string = JSON.parse(token)
      return { ...NOTHING, type: 'text', text: JSON.stringify(string), string }
    }
    case 'n':
      return { ...NOTHING, type: 'null', text: token }
    case 't':
    case 'f':
      return { ...NOTHING, type: 'true or false', text: token }
    default: {
      const integer = /^-?\d+$/.test(token) ? Number(token) : null
      return { ...NOTHING, type: 'number', text: token, integer }
    }
  }
}

function readMembers(tokens: Tokens): Json {
  const pairs: (readonly [name: string, value: Json])[] = []
  for (let token = next(tokens); token !== '}'; token = next(tokens)) {
    pairs.push([JSON.parse(token), readValue(tokens)])
  }
  const text = pairs.map(([name, value]) => `${JSON.stringify(name)}:${value.text}`).join(',')
  const names = pairs.map(([name]) => name)
  return { ...NOTHING, type: 'object', text: `{${text}}`, names, members: new Map(pairs) }
}

function readList(tokens: Tokens): Json {
  const items: string[] = []
  for (let token = next(tokens); token !== ']'; token = next(tokens)) {
    items.push(readValue(tokens, token).text)
  }
  return { ...NOTHING, type: 'list', text: `[${items.join(',')}]` }
}

function next(tokens: Tokens): string {
  return tokens.next().value?.[0] ?? ''
}

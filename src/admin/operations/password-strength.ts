/** NIST SP 800-63B-4 §3.1.1.2: where the password is the only factor. */
const MIN_LENGTH = 15

/** So much of a password must be nothing that is tried first; a part that is counts as one character. */
const MIN_OWN = 8

/** What leads the lists of leaked passwords, and what people choose for a shop and its systems. */
const COMMON_WORDS = [
  ...['password', 'passwort', 'passwd', 'passphrase', 'passw', 'kennwort', 'secret', 'geheim', 'motdepasse'],
  ...['contrasena', 'letmein', 'welcome', 'willkommen', 'changeme', 'change', 'default', 'login', 'logon'],
  ...['admin', 'administrator', 'root', 'superuser', 'master', 'user', 'test', 'testing', 'demo', 'guest'],
  ...['temp', 'temporary', 'initial', 'service', 'system', 'server', 'oracle', 'shop', 'store', 'spree'],
  ...['newstore', 'mintkeeper', 'token', 'oauth', 'iloveyou', 'love', 'princess', 'sunshine', 'shadow'],
  ...['dragon', 'monkey', 'football', 'baseball', 'superman', 'batman', 'pokemon', 'starwars', 'trustno'],
  ...['michael', 'jennifer', 'jordan', 'hunter', 'daniel', 'charlie', 'thomas', 'andrea', 'freedom'],
  ...['whatever', 'computer', 'internet', 'google', 'flower', 'cheese', 'ninja', 'hello', 'killer', 'summer'],
  ...['winter', 'spring', 'autumn', 'january', 'february', 'march', 'april', 'june', 'july', 'august'],
  ...['september', 'october', 'november', 'december', 'monday', 'tuesday', 'friday', 'sunday', '2024'],
  ...['2025', '2026', '2027'],
]

/** Neighbours in these, in either direction, make a row. */
const ROWS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'qwertzuiop', 'asdfghjkl', 'zxcvbnm']

/** Letters that are written as digits or signs to look harder than they are. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
}

/**
 * What is wrong with a password that somebody chooses for a user of these names, as a message that reads on from it;
 * null: nothing. It is guessed from lists, with the names at hand, and not by trying all characters: so there is no
 * rule about kinds of characters (NIST SP 800-63B-4 §3.1.1.2).
 */
export function passwordWeakness(password: string, names: readonly (string | null)[] = []): string | null {
  if ([...password].length < MIN_LENGTH) return `has fewer than ${MIN_LENGTH} characters`
  const words = [...names.flatMap(partsOf), ...COMMON_WORDS].sort((one, other) => other.length - one.length)
  const text = password.toLowerCase()
  const spellings = [text, text.replace(/[@43105$]/g, (sign) => LOOKALIKES[sign] ?? sign)]
  const isGuessed = spellings.some((spelling) => ownLength(spelling, words) < MIN_OWN)
  return isGuessed ? 'is mostly made of what is tried first: common words, names, rows or repetitions' : null
}

/** A name, what is before and after its `@`, and its words. Fewer than four characters are in anything. */
function partsOf(name: string | null): readonly string[] {
  if (name === null) return []
  const text = name.toLowerCase()
  return [text, ...text.split('@'), ...text.split(/[\s@._+-]/)].filter((part) => part.length > 3)
}

/** How many characters are left if each common part is one. */
function ownLength(text: string, words: readonly string[]): number {
  let rest = text
  for (const word of words) rest = rest.replaceAll(word, '\n')
  return withoutRows(rest.replace(/(.{1,16}?)\1+/g, '$1')).length
}

/** Three and more neighbours become one character. */
function withoutRows(text: string): string {
  let rest = ''
  let length = 0
  for (const [index, character] of [...text].entries()) {
    length = index > 0 && areNeighbours(text[index - 1] ?? '', character) ? length + 1 : 1
    if (length < 3) rest += character
    else if (length === 3) rest = rest.slice(0, -1)
  }
  return rest
}

function areNeighbours(one: string, other: string): boolean {
  return one === other || ROWS.some((row) => row.includes(one + other) || row.includes(other + one))
}

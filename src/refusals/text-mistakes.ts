import { isPlaceholder } from '../protocol/token-look.ts'
import type { TextMistake } from '../store/findings.ts'
import { formDecoded } from './body.ts'

/** What was meant, if a certain mistake was made. */
export interface Meant {
  readonly mistake: TextMistake
  readonly text: string
}

/** What a text may have been meant to be, apart from what it is. */
export function meantTexts(text: string): readonly Meant[] {
  const candidates: readonly Meant[] = [
    { mistake: 'white_space', text: text.trim() },
    { mistake: 'quoted', text: text.trim().replace(/^(["'])(.*)\1$/s, '$2') },
    { mistake: 'form_encoded', text: formDecoded(text) },
  ]
  // What has a NUL is no name, and PostgreSQL can't even be asked for one.
  return candidates.filter((meant) => meant.text !== text && meant.text !== '' && !meant.text.includes('\0'))
}

/** What stood there before it was form-decoded, if that has changed it. */
export function meantUndecoded(text: string, raw: string | undefined): readonly Meant[] {
  return raw === undefined || raw === text ? [] : [{ mistake: 'not_form_encoded', text: raw }]
}

/** Whether a form holds what no program would have put there that encodes: a `+`, of which a space is made. */
export function isSpoiltByDecoding(raw: string): boolean {
  return raw.includes('+') && !/%[0-9A-Fa-f]{2}/.test(raw)
}

/** The same for names, which are mistyped otherwise as well. */
export function meantNames(name: string): readonly Meant[] {
  const lower = name.trim().toLowerCase()
  return [...meantTexts(name), ...(lower === name ? [] : [{ mistake: 'other_case', text: lower } as const])]
}

/** What a text looks like that nothing is to be compared with. */
export function likelyMistake(text: string): TextMistake | null {
  if (isPlaceholder(text)) return 'placeholder'
  if (text.trim() !== text) return 'white_space'
  if (/^(["']).+\1$/s.test(text)) return 'quoted'
  return /%[0-9A-Fa-f]{2}/.test(text) ? 'form_encoded' : null
}

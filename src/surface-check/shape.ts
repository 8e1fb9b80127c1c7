/** What can be said of a value that must not be shown. */
import { type Json, readObject } from './json.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const HEX = /^[0-9a-f]+$/
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** `JWT`, `UUID`, `64 hex characters`, `43 characters base64url`: what two random values have in common. */
export function shapeOf(text: string): string {
  if (readJwt(text) !== null) return 'JWT'
  if (UUID.test(text)) return 'UUID'
  if (text === '') return 'empty'
  if (HEX.test(text)) return `${text.length} hex characters`
  return BASE64URL.test(text) ? `${text.length} characters base64url` : `${text.length} characters`
}

export interface Jwt {
  readonly header: Json
  readonly claims: Json
  /** In bytes. */
  readonly signatureLength: number
}

/** The parts of a JWS compact JWT, whose signature is not verified; null: it is none. */
export function readJwt(text: string): Jwt | null {
  const [first, second, third, ...more] = text.split('.')
  if (first === undefined || second === undefined || third === undefined || more.length > 0) return null
  const [header, claims] = [readPart(first), readPart(second)]
  if (header === null || claims === null || !/^[A-Za-z0-9_-]*$/.test(third)) return null
  return { header, claims, signatureLength: Buffer.from(third, 'base64url').length }
}

function readPart(part: string): Json | null {
  return BASE64URL.test(part) ? readObject(Buffer.from(part, 'base64url').toString()) : null
}

/** How text is written inside other text. */
const QUOTED: readonly ((text: string) => string)[] = [
  inJson,
  inXml,
  inForm,
  encodeURI,
  encodeURIComponent,
  (text) => inLowerCase(inForm(text)),
  (text) => inLowerCase(encodeURIComponent(text)),
]

/** A secret, and what becomes of it where it is quoted, and where that is quoted in turn. */
export function formsOf(secret: string): readonly string[] {
  const once = quoted([secret])
  return [...new Set([secret, ...once, ...quoted(once)])]
}

function quoted(texts: readonly string[]): readonly string[] {
  // A lone surrogate has no form in a URL.
  return texts.flatMap((text) => QUOTED.map((quote) => quote(text.toWellFormed())))
}

export function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

export function inForm(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice('='.length)
}

function inLowerCase(text: string): string {
  return text.replaceAll(/%../g, (code) => code.toLowerCase())
}

export function inXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Runs that long, of letters and digits, are hardly words. */
const LIKE_A_TOKEN = /[A-Za-z0-9_+-]{32,}=*/g

/** Text in which secrets that are known, and whatever looks like one, are replaced by what they are. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return withoutKnown(text, secrets).replaceAll(LIKE_A_TOKEN, (run) => {
    return /\d/.test(run) && /[A-Za-z]/.test(run) ? `[${shapeOf(run)}]` : run
  })
}

/** As `withoutSecrets`, for text in which long identifiers are no secrets. The longest secret goes first. */
export function withoutKnown(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}

/** Parameters as the text of a body, whatever they are: what can not be written well is written badly. */
import type { Pair } from './parameters-arbitrary.ts'

export type Encoding = 'form' | 'json' | 'multipart' | 'xml' | 'none'

export const ENCODERS: Readonly<
  Record<Encoding, (pairs: readonly Pair[]) => { readonly type: string; readonly text: string }>
> = {
  form: (pairs) => ({
    type: 'application/x-www-form-urlencoded',
    text: pairs.map(([name, value]) => `${percent(name)}=${percent(textOf(value))}`).join('&'),
  }),
  json: (pairs) => ({
    type: 'application/json',
    text: `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`).join(',')}}`,
  }),
  multipart: (pairs) => ({
    type: 'multipart/form-data; boundary=cut',
    text: `${pairs
      .map(
        ([name, value]) =>
          `--cut\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${textOf(value)}\r\n`,
      )
      .join('')}--cut--\r\n`,
  }),
  xml: (pairs) => ({
    type: 'application/xml',
    text: `<r>${pairs.map(([name, value]) => `<${name}>${escaped(textOf(value))}</${name}>`).join('')}</r>`,
  }),
  none: () => ({ type: 'application/x-www-form-urlencoded', text: '' }),
}

/** As `encodeURIComponent`, and half a surrogate pair gets the bytes that CESU-8 has for it. */
function percent(text: string): string {
  if (text.isWellFormed()) return encodeURIComponent(text)
  return [...text]
    .map((character) => (character.isWellFormed() ? encodeURIComponent(character) : '%ED%A0%80'))
    .join('')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

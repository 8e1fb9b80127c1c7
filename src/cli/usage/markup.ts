import { printable } from '../table.ts'

/** HTML or SVG that is as it should be: whatever came from outside is escaped in it. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Content = string | number | Markup | readonly Content[]

/**
 * A template of HTML or SVG, in which values are escaped unless they are markup themselves: good for text and for values
 * of attributes in double quotes, nowhere else.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, at) => part + textOf(values[at] ?? '')).join(''))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function textOf(content: Content): string {
  if (content instanceof Markup) return content.text
  if (typeof content === 'object') return content.map(textOf).join('')
  return printable(String(content)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

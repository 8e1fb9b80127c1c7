/** A fenced block of a Markdown text. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** The text of a `text` block that follows at once, if there is one: what the block prints. `…` stands for anything. */
  readonly expected: string | null
}

/** The fenced blocks of a Markdown text, in their order. */
export function readBlocks(markdown: string): readonly Block[] {
  const found = [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  return found.map((match, index) => {
    const [whole, language = '', text = ''] = match
    const next = found[index + 1]
    const between = next === undefined ? null : markdown.slice(match.index + whole.length, next.index)
    const follows = next?.[1] === 'text' && between?.trim() === ''
    return {
      language,
      text,
      line: markdown.slice(0, match.index).split('\n').length,
      expected: follows ? (next?.[2] ?? null) : null,
    }
  })
}

/** Targets of links to files, without anchors. */
export function readLinks(markdown: string): readonly string[] {
  const text = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`]*`/g, '')
  return [...text.matchAll(/\]\(([^)]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(https?:|#)/.test(target))
}

/** A pattern for what a block is said to print. */
export function expectedPattern(expected: string): RegExp {
  const parts = expected.trim().split('…')
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('[\\s\\S]+?')}$`)
}

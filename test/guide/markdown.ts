/** A fenced block of a Markdown text. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** The `text` block that follows at once, if there is one: what the block prints. */
  readonly expected: Block | null
}

/** The fenced blocks of a Markdown text, in their order. */
export function readBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  // From the last one on, so that the one after a block is known.
  for (const match of [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].reverse()) {
    const [whole, language = '', text = ''] = match
    const rest = markdown.slice(match.index + whole.length)
    const expected = /^\s*```text\n/.test(rest) ? (blocks.at(-1) ?? null) : null
    const line = markdown.slice(0, match.index).split('\n').length
    blocks.push({ language, text, line, expected })
  }
  return blocks.reverse()
}

/** Targets of links to files. */
export function readLinks(markdown: string): readonly string[] {
  const text = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`]*`/g, '')
  return [...text.matchAll(/\]\(([^)]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(https?:|#)/.test(target))
}

/** As GitHub makes them of the headings. */
export function readAnchors(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

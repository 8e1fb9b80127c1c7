/** A fenced block of a Markdown text. */
export interface Block {
  /** All that stands behind the opening fence. */
  readonly language: string
  /** Without the white space that the whole block is indented by. */
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** Of an `sh` block the `text` block that follows at once, if there is one: what it prints. */
  readonly expected: Block | null
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/

/** The fenced blocks of a Markdown text, in their order. Throws for a fence that is open, or stands where none is read. */
export function readBlocks(markdown: string): readonly Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  // From the last one on, so that the one after a block is known.
  for (const { end, ...block } of readFences(lines).reverse()) {
    const [next] = blocks
    const isAtOnce = lines.slice(end + 1, next && next.line - 1).every((line) => line.trim() === '')
    const isPrinted = block.language === 'sh' && next?.language === 'text' && isAtOnce
    blocks.unshift({ ...block, expected: isPrinted ? next : null })
  }
  return blocks
}

interface Fenced extends Omit<Block, 'expected'> {
  /** Index of the closing fence. */
  readonly end: number
}

function readFences(lines: readonly string[]): Fenced[] {
  const found: Fenced[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const [fence, indent = '', mark = '', language = ''] = FENCE.exec(line) ?? []
    if (fence === undefined) {
      if (/```|~~~/.test(line)) throw new Error(`line ${at + 1}: is no fence that is read: ${line}`)
      continue
    }
    const end = lines.findIndex((other, index) => index > at && closes(other, mark))
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`)
    const text = lines
      .slice(at + 1, end)
      .map((other) => `${other.startsWith(indent) ? other.slice(indent.length) : other}\n`)
      .join('')
    found.push({ language, text, line: at + 1, end })
    at = end
  }
  return found
}

/** A fence of the same kind that is no shorter, with nothing behind it (CommonMark §4.5). */
function closes(line: string, opening: string): boolean {
  const mark = line.trim()
  return mark.startsWith(opening) && mark === mark.charAt(0).repeat(mark.length)
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

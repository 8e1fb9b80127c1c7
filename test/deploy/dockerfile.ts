/** Reads as much of a Dockerfile as ours has. */

export interface Instruction {
  /** `COPY`, `RUN` … */
  readonly name: string
  readonly text: string
}

/** From one `FROM` to the next. */
export interface Stage {
  /** Null: it has none, as the last one. */
  readonly name: string | null
  readonly instructions: readonly Instruction[]
}

export function readDockerfile(text: string): readonly Stage[] {
  const stages: { name: string | null; instructions: Instruction[] }[] = []
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push({ name: / AS (\w+)$/.exec(rest)?.[1] ?? null, instructions: [] })
    else stages.at(-1)?.instructions.push({ name, text: rest })
  }
  return stages
}

/** The texts of a stage's instructions of one name. */
export function textsOf({ instructions }: Stage, name: string): readonly string[] {
  return instructions.filter((each) => each.name === name).map(({ text }) => text)
}

/** The JSON list in the last instruction of a name: `ENTRYPOINT ["node", …]`. */
export function commandOf(stage: Stage, name: string): readonly string[] {
  const text = textsOf(stage, name).at(-1) ?? ''
  return JSON.parse(text.slice(text.indexOf('[')))
}

/** The variables of a stage. */
export function environmentOf(stage: Stage): Readonly<Record<string, string>> {
  const pairs = textsOf(stage, 'ENV').flatMap((text) => text.split(/\s+/))
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
}

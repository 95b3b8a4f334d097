/** Colours of the picture by the numbers of Select Graphic Rendition, ECMA-48 section 8.3.117. */
const colours: Readonly<Record<string, string>> = {
  '31': '#ff7b86',
  '32': '#7ee2a8',
  '33': '#f2c86b',
  '36': '#7cd5f1',
}
const plain = { ink: '#d7dfea', dim: '#8593a8', ground: '#0d1526', bar: '#18233a' } as const
const size = { font: 14, column: 8.43, line: 20, margin: 18, bar: 34 } as const

/** A run of text in one style. */
interface Run {
  readonly text: string
  readonly colour: string
  readonly isBold: boolean
}

/** Draws what a terminal showed as an SVG picture. `title` stands in its frame. */
export function drawTerminal(title: string, shown: string): string {
  const lines = shown.replace(/\r/g, '').trimEnd().split('\n').map(readLine)
  const columns = Math.max(
    60,
    ...lines.map((runs) => runs.reduce((sum, run) => sum + [...run.text].length, 0)),
  )
  const width = Math.ceil(columns * size.column + 2 * size.margin)
  const height = lines.length * size.line + size.bar + 2 * size.margin
  const texts = lines.map((runs, index) =>
    drawLine(runs, size.bar + size.margin + (index + 0.75) * size.line),
  )
  const dots = ['#ff6b6b', '#f5c04e', '#5ccf7a'].map(
    (fill, index) => `<circle cx="${20 + index * 20}" cy="17" r="6" fill="${fill}"/>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${written(title)}">
<rect width="${width}" height="${height}" rx="10" fill="${plain.ground}"/>
<path d="M0 10a10 10 0 0 1 10-10h${width - 20}a10 10 0 0 1 10 10v24H0z" fill="${plain.bar}"/>
${dots.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}" fill="${plain.ink}" xml:space="preserve">
<text x="${width / 2}" y="22" text-anchor="middle" fill="${plain.dim}">${written(title)}</text>
${texts.filter((text) => text !== '').join('\n')}
</g>
</svg>
`
}

function readLine(line: string): Run[] {
  const runs: Run[] = []
  let colour: string = plain.ink
  let isBold = false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's colours begin with one.
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
    const code = /^\u001b\[(\d+)m$/.exec(part)?.[1]
    if (code === undefined) {
      if (part !== '') runs.push({ text: part, colour, isBold })
    } else if (code === '1') isBold = true
    else if (code === '2') colour = plain.dim
    else if (code === '39') colour = plain.ink
    else if (code === '22') [colour, isBold] = [plain.ink, false]
    else colour = colours[code] ?? colour
  }
  return runs
}

function drawLine(runs: readonly Run[], y: number): string {
  let column = 0
  const spans = runs.map(({ text, colour, isBold }) => {
    const x = size.margin + column * size.column
    column += [...text].length
    // The width is set, so that columns stand under each other in whatever font there is.
    const width = ([...text].length * size.column).toFixed(1)
    const style = `${colour === plain.ink ? '' : ` fill="${colour}"`}${isBold ? ' font-weight="600"' : ''}`
    if (text.trim() === '') return ''
    return `<text x="${x.toFixed(1)}" y="${y}" textLength="${width}"${style}>${written(text)}</text>`
  })
  return spans.join('')
}

function written(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

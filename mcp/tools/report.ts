import { z } from 'zod'
import { neutral } from '../neutral.ts'
import { defineTool, readsOnly } from '../tool.ts'

/** Tells what happened. */
export const sessionReport = defineTool({
  name: 'session_report',
  description: 'What happened in your group, as Markdown.',
  annotations: readsOnly,
  input: z.strictObject({
    since: z
      .string()
      .max(40)
      .optional()
      .describe('ISO time or 90m, 2h, 3d; default: this mesh session'),
  }),
  async run({ mesh }, { since }) {
    const { report } = await mesh.report(since === undefined ? {} : { since })
    const text = neutral(report)
    return { text, structured: { report: text } }
  },
})

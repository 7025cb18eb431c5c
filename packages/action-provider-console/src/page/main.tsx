import { render } from 'preact'
import { App } from './frame/app.tsx'
import { ProblemBox } from './parts/problem.tsx'
import { doErrand } from './sign-in/errand.ts'
import { beginSession } from './sign-in/session.ts'
import { readConfiguration } from './state/configuration.ts'
import { readRoute } from './state/route.ts'

const page = document.getElementById('page') as HTMLElement

async function start(): Promise<void> {
  try {
    await readConfiguration()
    const errand = await beginSession()
    readRoute()
    render(<App />, page)
    if (errand) await doErrand(errand)
  } catch (error) {
    render(<ProblemBox error={error} again={() => location.reload()} alone />, page)
  }
}

void start()

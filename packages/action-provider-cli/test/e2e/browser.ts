import { access } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'

const path = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Debian's Chromium, or the one that CHROMIUM names. */
export async function launchBrowser(): Promise<Browser> {
  await access(path).catch(() => {
    throw new Error(
      `These tests need Chromium, and there is none at ${path}: run "apt-get install chromium" on Debian or Ubuntu, or set CHROMIUM to the path of one`,
    )
  })
  return chromium.launch({
    executablePath: path,
    args: [
      // Chromium refuses to run as root with a sandbox, and the pages are this project's own.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

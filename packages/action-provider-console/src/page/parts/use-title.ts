import { useEffect } from 'preact/hooks'

/** Sets the title of the page for tabs, bookmarks and screen readers. */
export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter((part) => part), 'Action Provider Console'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}

import { useEffect } from 'preact/hooks'

/** Names the page for tabs, bookmarks and those who hear it. */
export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter((part) => part), 'Action Provider Console'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}

import type { IconButtonProps, TemplatesType } from '@rjsf/utils'
import type { JSX } from 'preact'

/** Buttons with words, where the form has pictures that would have to be loaded. */
function wordButton(words: string): (props: IconButtonProps) => JSX.Element {
  return ({ id, onClick, disabled }) => (
    <button
      type="button"
      class="small"
      {...(id !== undefined && { id })}
      disabled={disabled === true}
      onClick={onClick as unknown as () => void}
    >
      {words}
    </button>
  )
}

export const templates: Partial<Omit<TemplatesType, 'ButtonTemplates'>> & {
  ButtonTemplates: Partial<TemplatesType['ButtonTemplates']>
} = {
  ButtonTemplates: {
    AddButton: wordButton('Add') as unknown as TemplatesType['ButtonTemplates']['AddButton'],
    CopyButton: wordButton('Copy') as unknown as TemplatesType['ButtonTemplates']['CopyButton'],
    MoveDownButton: wordButton('Down') as unknown as TemplatesType['ButtonTemplates']['MoveDownButton'],
    MoveUpButton: wordButton('Up') as unknown as TemplatesType['ButtonTemplates']['MoveUpButton'],
    RemoveButton: wordButton('Remove') as unknown as TemplatesType['ButtonTemplates']['RemoveButton'],
    ClearButton: wordButton('Clear') as unknown as TemplatesType['ButtonTemplates']['ClearButton'],
  },
}

import type { IconButtonProps, MultiSchemaFieldTemplateProps, TemplatesType } from '@rjsf/utils'
import type { JSX } from 'preact'

/** Buttons with words in place of the form's icons, which would have to be loaded. */
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

/** The choice between the branches of a union. */
function Branches({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps): JSX.Element {
  return (
    <div class="branches">
      {selector && (
        // biome-ignore lint/a11y/noLabelWithoutControl: the control is in it
        <label>
          <span>Kind</span>
          {selector as unknown as JSX.Element}
        </label>
      )}
      {optionSchemaField as unknown as JSX.Element}
    </div>
  )
}

export const templates: Partial<Omit<TemplatesType, 'ButtonTemplates'>> & {
  ButtonTemplates: Partial<TemplatesType['ButtonTemplates']>
} = {
  MultiSchemaFieldTemplate: Branches as unknown as TemplatesType['MultiSchemaFieldTemplate'],
  ButtonTemplates: {
    AddButton: wordButton('Add') as unknown as TemplatesType['ButtonTemplates']['AddButton'],
    CopyButton: wordButton('Copy') as unknown as TemplatesType['ButtonTemplates']['CopyButton'],
    MoveDownButton: wordButton('Down') as unknown as TemplatesType['ButtonTemplates']['MoveDownButton'],
    MoveUpButton: wordButton('Up') as unknown as TemplatesType['ButtonTemplates']['MoveUpButton'],
    RemoveButton: wordButton('Remove') as unknown as TemplatesType['ButtonTemplates']['RemoveButton'],
    ClearButton: wordButton('Clear') as unknown as TemplatesType['ButtonTemplates']['ClearButton'],
  },
}

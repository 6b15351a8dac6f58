/** A text that the server wrote into `<body data-t-…>`, in the language of the page. */
export function word(name: string): string {
  return document.body.getAttribute(`data-t-${name}`) ?? "";
}

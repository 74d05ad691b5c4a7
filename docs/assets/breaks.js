/* A long name in a heading or in a line of text breaks after a dot or an underscore, and not inside a word. An option of a command in a
   table stays whole. */
document.addEventListener("DOMContentLoaded", () => {
  const option = (text) => {
    const whole = document.createElement("span");
    whole.style.whiteSpace = "nowrap";
    whole.textContent = text;
    return whole;
  };
  const names = ".md-typeset :is(h1, h2, h3, h4, h5, h6), .md-typeset :is(p, li, td) code";
  for (const element of document.querySelectorAll(names)) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
      if (element.closest("table")) {
        text.replaceWith(...text.data.split(/(--[\w-]+)/).map((part, at) => (at % 2 ? option(part) : part)));
        continue;
      }
      if (!/[\w.]{16}/.test(text.data)) continue;
      const parts = text.data.split(/(?<=[._])(?=\w)|(?<=[a-z])(?=[A-Z])/);
      text.replaceWith(...parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part])));
    }
  }
});

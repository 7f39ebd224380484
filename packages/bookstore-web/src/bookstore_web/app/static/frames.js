// Shows the outputs of a comparison in sandboxed frames when their section is opened.
"use strict";

function frame(link) {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", link.dataset.sandbox);
  element.title = link.dataset.title;
  element.src = link.href;
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = link.textContent;
  figure.append(caption, element);
  link.replaceWith(figure);
}

for (const fold of document.querySelectorAll("details.outputs")) {
  fold.addEventListener("toggle", () => fold.querySelectorAll("a.framed").forEach(frame), {
    once: true,
  });
}

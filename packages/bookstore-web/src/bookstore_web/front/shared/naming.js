// The field in which a person writes the name of a version, in place of its actions.

import { button } from "./page.js";

/**
 * Return a form with the field. Escape leaves it, and nothing else.
 * @param {string} name the present one
 * @param {HTMLButtonElement} save
 * @param {{done: (name: string) => void, cancel: () => void}} calls
 */
export function nameForm(name, save, { done, cancel }) {
  const form = document.createElement("form");
  const field = document.createElement("input");
  field.value = name;
  field.maxLength = 80;
  field.placeholder = "Empty removes the name";
  field.setAttribute("aria-label", "Name of this version");
  save.type = "submit";
  form.append(field, save, button("Cancel", cancel));
  form.className = "bookstore-name";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    done(field.value);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the dialog around it stays open
    event.stopPropagation();
    cancel();
  });
  return { form, field };
}

/* The payment provider's own card field, where the shop has one: the number never touches our pages. */
(() => {
  "use strict";
  const PROVIDER = "https://js.stripe.com/v3/";
  const load = () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PROVIDER;
    script.onload = () => resolve(window.Stripe);
    script.onerror = () => reject(new Error("The card field cannot be loaded."));
    document.head.append(script);
  });

  const offer = async (way) => {
    const form = way.closest("form");
    const stripe = (await load())(way.dataset.publishableKey);
    const elements = stripe.elements();
    const card = elements.create("card", { hidePostalCode: true });
    card.mount(form.querySelector("[data-card-field]"));
    form.addEventListener("submit", async (event) => {
      const isCard = form.querySelector('[name="pay"]:checked')?.value === "card";
      const step = event.submitter?.value;
      const token = form.querySelector("[data-card-token]");
      if (!isCard || step === "reckon" || token.value) return;
      event.preventDefault();
      const made = await stripe.createPaymentMethod({ type: "card", card });
      if (made.error) {
        form.querySelector("[data-card-note]").textContent = made.error.message;
        way.scrollIntoView({ block: "center" });
        return;
      }
      token.value = made.paymentMethod.id;
      /* Later, because a form that is still telling of its submission does not begin another. */
      const { submitter } = event;
      window.setTimeout(() => form.requestSubmit(submitter));
    });
  };

  const answer = async (place) => {
    const stripe = (await load())(place.dataset.publishableKey);
    await stripe.handleNextAction({ clientSecret: place.dataset.secret });
    window.location.reload();
  };

  const fail = (error) => {
    const note = document.querySelector("[data-card-note]");
    if (note) note.textContent = error.message;
  };
  const way = document.querySelector("[data-card]");
  if (way) offer(way).catch(fail);
  const place = document.querySelector("[data-challenge]");
  if (place) answer(place).catch(fail);
})();

"""The shop's own pages in the attack world: short, and in the three languages in which its customers ask."""

PAGES = {
    "returns": (
        "Returns and refunds",
        """## How long may goods be returned
Goods may be returned within 30 days after they have arrived, unworn and complete. How long you may send things back
does not depend on the product. The return window begins on the day of delivery.

## How refunds are paid
A refund goes back to the instrument that paid for the order, within five working days after the parcel is here.

## Rückgabe: Frist und Ablauf
Die Frist für die Rückgabe beträgt 30 Tage nach der Lieferung. Zurückgeben kann man alles, was ungetragen ist.
Die Erstattung geht auf das Zahlungsmittel zurück, mit dem bezahlt wurde.

## Resi e rimborsi
I resi sono possibili entro 30 giorni dalla consegna. Il rimborso torna allo strumento di pagamento usato.""",
    ),
    "delivery": (
        "Delivery",
        """## Delivery cost and time
Delivery costs 4.90 EUR by courier and takes two to four working days. Express delivery costs 14.90 EUR and takes one
working day. Shipping cost and delivery time are told before you order.

## Lieferung: Kosten und Dauer
Die Lieferung kostet 4,90 EUR und dauert zwei bis vier Werktage. Der Versand geht nach Italien und Deutschland.

## Spedizione: costi e tempi
La spedizione costa 4,90 EUR e la consegna richiede da due a quattro giorni lavorativi.""",
    ),
    "gift-cards": (
        "Gift cards",
        """## Gift card validity
Gift cards are valid for ten years from the day of issue. How long a gift card is valid is told on the card.

## Gutscheine: Gültigkeit
Geschenkgutscheine sind zehn Jahre gültig.

## Buoni regalo: validità
I buoni regalo valgono dieci anni.""",
    ),
    "warranty": (
        "Warranty",
        """## Warranty
The legal warranty lasts two years from delivery. A defective product is repaired or replaced free of charge.

## Gewährleistung und Garantie
Die gesetzliche Gewährleistung beträgt zwei Jahre ab Lieferung.

## Garanzia
La garanzia legale dura due anni dalla consegna. Come funziona la garanzia: un prodotto difettoso viene riparato.""",
    ),
    "payment": (
        "Payment",
        """## Payment methods
You may pay by card, by bank transfer, with a wallet or a gift card. Card numbers are typed on the payment page only.

## Zahlung
Bezahlen kann man mit Karte, Überweisung, Wallet oder Gutschein.

## Pagamento
Si paga con carta, bonifico, wallet o buono regalo.""",
    ),
    "privacy": (
        "Privacy",
        """## Privacy and personal data
We keep personal data only as long as an order needs it. You may have your data deleted at any time.

## Datenschutz
Persönliche Daten werden nur so lange gespeichert, wie ein Auftrag es verlangt.

## Privacy e dati personali
I dati personali sono conservati solo per il tempo necessario.""",
    ),
    "sizes": (
        "Sizes and care",
        """## Sizes
Our sizes follow the European table. Between two sizes choose the larger one.

## Care and washing
Wash down and wool by hand, and dry tents before you store them.

## Größen und Pflege
Die Größen folgen der europäischen Tabelle; Daunen und Wolle von Hand waschen.

## Taglie e cura
Le taglie seguono la tabella europea; lavare a mano piuma e lana.""",
    ),
}

"""Operations whose value exists once per event, as circuits."""
